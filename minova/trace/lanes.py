# SPDX-License-Identifier: Apache-2.0
"""Who said a message and to whom: a lane of a drawing is a process, or a topic whose process is not known."""

import collections

from minova.trace.message import FANOUT, REPLY

# The order in which a boot goes through them; hosts and strangers come behind.
_ORDER = ("api", "conductor", "scheduler", "network")


def short(name):
    """`api` of minova-api@host; a compute keeps its host, of which there are many: `compute.host1`."""
    binary, _, host = name.partition("@")
    service = binary.removeprefix("minova-")
    return f"{service}.{host}" if service == "compute" and host else service or "?"


class Lanes:
    """The lanes of some messages.

    A service of which they show one process has its name alone: `conductor`. Where they show several, each has its
    host too: `conductor@controller2`.
    """

    def __init__(self, messages):
        self._answerers = {message.msg_id: message.sender for message in messages if message.kind == REPLY}
        ends = dict.fromkeys(end for message in messages for end in self._ends(message))
        # Service to how many processes of it take part.
        self._counts = collections.Counter(short(end) for end in ends if "@" in end)
        # From left to right.
        self.names = sorted(dict.fromkeys(map(self._name, ends)), key=_place)

    def ends(self, message):
        """(from, to): the lanes of one of the messages."""
        sender, recipient = self._ends(message)
        return self._name(sender), self._name(recipient)

    def _ends(self, message):
        if message.kind == REPLY:
            return message.sender, message.recipient
        if message.kind == FANOUT:
            return message.sender, message.exchange.removesuffix("_fanout")
        return message.sender, self._taker(message) or message.routing_key

    def _taker(self, message):
        """The process that got a request, as far as that is known."""
        known = [self._answerers.get(message.msg_id, "") if message.msg_id else ""]
        known += [delivery.get("process", "") for delivery in message.delivered]
        return next((process for process in known if short(process) == message.routing_key), "")

    def _name(self, end):
        service = short(end)
        if "@" in end and self._counts[service] > 1:
            return f"{service}@{end.partition('@')[2]}"
        return service


def _place(name):
    service = name.partition("@")[0]
    return _ORDER.index(service) if service in _ORDER else len(_ORDER), name if "@" in name else ""
