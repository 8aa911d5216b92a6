# SPDX-License-Identifier: Apache-2.0
"""An RPC client whose errors say what was asked of whom, and how long it was waited for.

Its messages are mandatory: by oslo.messaging's default one for which there is no queue is dropped, and nobody is told.
After a restart of the broker that is so until the services are back.
"""

import time

import amqp.exceptions
import kombu.exceptions
import oslo_messaging as messaging

from minova import pauses

# How the rabbit driver says that a message was not sent: the first while it uses a connection, the others, raw, while
# it makes one.
_NOT_SENT = (
    messaging.MessageDeliveryFailure,
    kombu.exceptions.OperationalError,
    amqp.exceptions.AMQPError,
    ConnectionError,
)
_MANDATORY = messaging.TransportOptions(at_least_once=True)
# For what is told again before long: prepare(transport_options=MAY_BE_LOST).
MAY_BE_LOST = messaging.TransportOptions(at_least_once=False)
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 0.5


class NobodyListens(messaging.MessageDeliveryFailure):
    """The broker has no queue for a message: its service has not come to this broker, or not yet come back."""


def until_somebody_listens(send, patience_seconds):
    """What ``send()`` returns; it is tried again for so many seconds while nobody listens.

    :raises NobodyListens:
    """
    deadline = time.monotonic() + patience_seconds
    growing = pauses.growing_pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
    while True:
        try:
            return send()
        except NobodyListens:
            pause_seconds = next(growing)
            if time.monotonic() + pause_seconds > deadline:
                raise
        time.sleep(pause_seconds)


class Client:
    """oslo.messaging's RPCClient, or what its ``prepare()`` gives.

    :param patience_seconds: how long a message is tried again for which there is no queue.
    :param prepared: the arguments of prepare() so far.
    """

    def __init__(self, client, patience_seconds, **prepared):
        self._client = client
        self._patience_seconds = patience_seconds
        self._prepared = {"transport_options": _MANDATORY, **prepared}

    @property
    def timeout_seconds(self):
        """The most seconds that a call takes."""
        return self._prepared["timeout"]

    def prepare(self, **arguments):
        """A client for some server, fanout, version or timeout; see oslo_messaging.RPCClient.prepare.

        ``timeout`` is the most seconds that a call takes. With ``call_monitor_timeout`` a server that works on
        the call says so all the time, and silence of that many seconds ends it.
        """
        return Client(self._client, self._patience_seconds, **{**self._prepared, **arguments})

    def can_send_version(self, version):
        return self._client.can_send_version(version)

    def cast(self, context, method, **arguments):
        """:raises oslo_messaging.MessageDeliveryFailure: when the broker did not take the message.
        :raises NobodyListens: when it has no queue for it; not for a fanout.
        """
        self._send(method, lambda client: client.cast(context, method, **arguments), self._patience_seconds)

    def call(self, context, method, **arguments):
        """:raises oslo_messaging.MessagingTimeout: when nobody answered.
        :raises oslo_messaging.MessageDeliveryFailure: when the broker did not take the message.
        :raises NobodyListens: when it has no queue for it.
        :raises KeyError: when no timeout was chosen.
        """
        limits = self._limits()
        patience_seconds = min(self._patience_seconds, self.timeout_seconds)
        try:
            return self._send(
                method, lambda client: client.call(context, method, **arguments), patience_seconds
            )
        except messaging.MessagingTimeout as err:
            raise messaging.MessagingTimeout(f"{self._name(method)} got no answer {limits}") from err

    def _send(self, method, send, patience_seconds):
        return until_somebody_listens(lambda: self._send_once(method, send), patience_seconds)

    def _send_once(self, method, send):
        try:
            return send(self._client.prepare(**self._prepared))
        except messaging.MessageUndeliverable as err:
            raise NobodyListens(f"{self._name(method)} could not be sent: nobody listens there") from err
        except _NOT_SENT as err:
            raise messaging.MessageDeliveryFailure(f"{self._name(method)} could not be sent: {err}") from err

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
