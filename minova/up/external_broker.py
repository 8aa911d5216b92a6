# SPDX-License-Identifier: Apache-2.0
"""The broker of --transport-url: whether it lets minova in, and which kinds of queue it wants."""

import re

from minova.up import errors

_CONNECT_SECONDS = 5
# From this RabbitMQ on, transient queues that others may use are refused, and oslo.messaging's defaults with them.
_FIRST_WITHOUT_TRANSIENT_QUEUES = (4, 3)
_QUORUM_QUEUES = {"rabbit_quorum_queue": "true", "rabbit_transient_quorum_queue": "true"}


def rabbit_options(transport_url):
    """Sign in, and tell the options of group [oslo_messaging_rabbit] that this broker needs.

    :raises errors.UpError: when it refuses, or is no AMQP broker.
    """
    # Only here: what this imports costs every other start 0.1 s.
    from minova.trace import firehose

    try:
        address = firehose.broker_addresses(transport_url)[0]
    except firehose.TraceError as error:
        scheme = transport_url.partition(":")[0]
        raise errors.UpError(f"--transport-url begins with {scheme}: where rabbit:// is needed.") from error
    return options_for(_server_properties(address))


def options_for(properties):
    """``properties`` are those of Connection.Start: ``product``, ``version``, ..."""
    numbers = re.match(r"(\d+)\.(\d+)", str(properties.get("version", "")))
    if properties.get("product") != "RabbitMQ" or not numbers:
        return {}
    version = tuple(int(number) for number in numbers.groups())
    return _QUORUM_QUEUES if version >= _FIRST_WITHOUT_TRANSIENT_QUEUES else {}


def _server_properties(address):
    import amqp

    from minova.trace import firehose

    try:
        connection = firehose.connect(address, _CONNECT_SECONDS, _CONNECT_SECONDS)
    except (amqp.exceptions.AMQPError, OSError) as err:
        reason = getattr(err, "reply_text", None) or err
        raise errors.UpError(
            f"The broker at {address.host}:{address.port} does not let {address.user!r} into its virtual host "
            f"{address.virtual_host!r}: {reason}. Check --transport-url."
        ) from err
    properties = connection.server_properties
    connection.close()
    return properties
