# SPDX-License-Identifier: Apache-2.0
"""Whether the broker lets us in, whether it is short of something, and whether it can be traced."""

import time

import amqp

from minova.doctor.finding import error, ok, warning
from minova.explain.sentence import duration
from minova.page.management import ManagementError
from minova.trace import firehose

_SECONDS = 2.5


def connect(address):
    """A connection that waits for nothing longer than a few seconds."""
    return firehose.connect(address, _SECONDS, _SECONDS)


def why_silent(patient):
    """Why the broker does not let us in, in a few words; None when it does."""
    try:
        connect(patient.address).close()
    except (OSError, amqp.exceptions.AMQPError) as err:
        return getattr(err, "reply_text", None) or getattr(err, "strerror", None) or str(err)
    return None


def look(patient):
    address = patient.address
    where = f"{address.host}:{address.port}"
    begin = time.monotonic()
    try:
        connection = connect(address)
    except TimeoutError:
        return error(
            f"The broker at {where} takes connections, but says nothing for {_SECONDS} s.",
            "It is paused, or has far too much to do: `minova service list`, or `rabbitmqctl status`.",
        )
    except amqp.exceptions.AMQPError as err:
        return error(
            f"The broker at {where} does not let {address.user} into its virtual host {address.virtual_host}: "
            f"{(getattr(err, 'reply_text', None) or str(err)).rstrip('.')}.",
            "Check user, password and virtual host of transport_url.",
        )
    except OSError as err:
        return error(
            f"No broker answers at {where}: {err.strerror or err}.",
            f"Start it ({patient.start('broker')}, or your RabbitMQ), or check transport_url.",
        )
    took = duration(time.monotonic() - begin)
    product = " ".join(str(connection.server_properties.get(name, "")) for name in ("product", "version"))
    connection.close()
    return ok(
        f"{product} at {where} lets {address.user} into virtual host {address.virtual_host}, in {took}."
    )


def alarms(patient):
    """What makes a broker block those who publish."""
    try:
        nodes = patient.management(_SECONDS).nodes()
    except ManagementError as err:
        text = f"Whether the broker is short of memory or disk could not be looked at: {err}."
        if patient.found and patient.found.embedded_broker:
            return warning(text, "See the line on the broker.")
        return warning(
            text,
            "On RabbitMQ: rabbitmq-plugins enable rabbitmq_management, and give the user the tag monitoring.",
        )
    found = [finding for node in nodes for finding in _alarms_of(node)]
    return found or ok("The broker is short neither of memory nor of disk.")


def _alarms_of(node):
    name = node.get("name", "broker")
    if node.get("mem_alarm"):
        yield error(
            f"{name} has used {_mb(node.get('mem_used'))} of the {_mb(node.get('mem_limit'))} of memory allowed: it "
            "blocks everybody who publishes.",
            "Find the queue that grows (the line on queues); the limit is [broker] memory_high_watermark, or "
            "vm_memory_high_watermark at RabbitMQ.",
        )
    if node.get("disk_free_alarm"):
        yield error(
            f"{name} has {_mb(node.get('disk_free'))} of disk left: it blocks everybody who publishes.",
            "Make room on its disk.",
        )


def tracing(patient):
    """Whether `minova trace` and the page would see anything; nothing is wrong when they would not."""
    # The firehose itself would wait twice as long.
    if why := why_silent(patient):
        return _not_traced(f"the broker does not answer ({why}).")
    try:
        with firehose.Firehose(patient.transport_url) as listening:
            is_on = listening.is_on()
    except firehose.TraceError as err:
        return _not_traced(err)
    if is_on:
        return ok("The broker copies its messages to the firehose: minova trace sees them.")
    vhost = patient.address.virtual_host
    return ok(
        "The broker does not copy its messages to the firehose: minova trace sees none (rabbitmqctl trace_on -p "
        f"{vhost} switches it on)."
    )


def _not_traced(why):
    return warning(f"Whether messages can be traced could not be looked at: {why}")


def _mb(size_bytes):
    return f"{size_bytes / 1e6:.0f} MB" if isinstance(size_bytes, int | float) else "all"
