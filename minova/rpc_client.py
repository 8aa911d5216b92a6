# SPDX-License-Identifier: Apache-2.0
"""An RPC client whose errors say what was asked of whom, and how long it was waited for."""

import amqp.exceptions
import kombu.exceptions
import oslo_messaging as messaging

# How the rabbit driver says that a message was not sent: the first while it uses a connection, the others, raw, while
# it makes one.
_NOT_SENT = (
    messaging.MessageDeliveryFailure,
    kombu.exceptions.OperationalError,
    amqp.exceptions.AMQPError,
    ConnectionError,
)


class Client:
    """oslo.messaging's RPCClient, or what its ``prepare()`` gives.

    :param prepared: the arguments of prepare() so far.
    """

    def __init__(self, client, **prepared):
        self._client = client
        self._prepared = prepared

    @property
    def timeout_seconds(self):
        """The most seconds that a call takes."""
        return self._prepared["timeout"]

    def prepare(self, **arguments):
        """A client for some server, fanout, version or timeout; see oslo_messaging.RPCClient.prepare.

        ``timeout`` is the most seconds that a call takes. With ``call_monitor_timeout`` a server that works on
        the call says so all the time, and silence of that many seconds ends it.
        """
        return Client(self._client, **{**self._prepared, **arguments})

    def can_send_version(self, version):
        return self._client.can_send_version(version)

    def cast(self, context, method, **arguments):
        """:raises oslo_messaging.MessageDeliveryFailure: when the broker did not take the message."""
        try:
            self._context().cast(context, method, **arguments)
        except _NOT_SENT as err:
            raise messaging.MessageDeliveryFailure(f"{self._name(method)} could not be sent: {err}") from err

    def call(self, context, method, **arguments):
        """:raises oslo_messaging.MessagingTimeout: when nobody answered.
        :raises oslo_messaging.MessageDeliveryFailure: when the broker did not take the message.
        :raises KeyError: when no timeout was chosen.
        """
        limits = self._limits()
        try:
            return self._context().call(context, method, **arguments)
        except messaging.MessagingTimeout as err:
            raise messaging.MessagingTimeout(f"{self._name(method)} got no answer {limits}") from err
        except _NOT_SENT as err:
            raise messaging.MessageDeliveryFailure(f"{self._name(method)} could not be sent: {err}") from err

    def _context(self):
        return self._client.prepare(**self._prepared) if self._prepared else self._client

    def _name(self, method):
        target = self._client.target
        server = self._prepared.get("server")
        return f"{method} to topic {target.topic}" + (f", server {server}," if server else "")

    def _limits(self):
        silence_seconds = self._prepared.get("call_monitor_timeout")
        total_seconds = self.timeout_seconds
        if silence_seconds and silence_seconds < total_seconds:
            return f"and no sign of life for {silence_seconds:g} s (of {total_seconds:g} s in all)"
        return f"in {total_seconds:g} s"
