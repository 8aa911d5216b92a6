# SPDX-License-Identifier: Apache-2.0
"""A bus that carries nothing and remembers everything: tests assert the whole list of its messages."""

import dataclasses

from oslo_messaging._utils import version_is_compatible

from minova import exception


@dataclasses.dataclass(frozen=True)
class Message:
    """One call or cast. ``arguments`` are what the rpcapi passed, not serialized."""

    kind: str
    topic: str
    server: str | None
    method: str
    arguments: dict = dataclasses.field(compare=False, default_factory=dict)


class FakeBus:
    """``replies`` maps a method to what its call returns, raises (an exception), or computes (a function).

    ``failure``, where it is set, is what every attempt to send raises.
    """

    def __init__(self, replies=None):
        self.messages = []
        self.replies = replies or {}
        self.failure = None
        self.is_away = False

    def raise_if_away(self):
        if self.is_away:
            raise exception.ServiceUnavailable(reason="The message bus does not answer.")

    def get_client(self, target, version_cap=None):
        return _Client(self, target, version_cap)

    def sent(self):
        """(kind, topic or topic.server, method) of every message, in order."""
        return [(m.kind, f"{m.topic}.{m.server}" if m.server else m.topic, m.method) for m in self.messages]

    def last(self, method):
        """The arguments of the last message of a method."""
        return next(m.arguments for m in reversed(self.messages) if m.method == method)


class _Client:
    def __init__(self, bus, target, version_cap, server=None, fanout=False):
        self._bus = bus
        self._target = target
        self._version_cap = version_cap
        self._server = server
        self._fanout = fanout

    def prepare(self, server=None, fanout=False, version=None, timeout=None, **_waits):
        return _Client(self._bus, self._target, self._version_cap, server, fanout)

    def can_send_version(self, version):
        return self._version_cap is None or version_is_compatible(self._version_cap, version)

    def cast(self, context, method, **arguments):
        self._record("fanout" if self._fanout else "cast", method, arguments)

    def call(self, context, method, **arguments):
        self._record("call", method, arguments)
        reply = self._bus.replies.get(method)
        if isinstance(reply, Exception):
            raise reply
        return reply(**arguments) if callable(reply) else reply

    def _record(self, kind, method, arguments):
        if self._bus.failure:
            raise self._bus.failure
        message = Message(kind, self._target.topic, self._server, method, arguments)
        self._bus.messages.append(message)
