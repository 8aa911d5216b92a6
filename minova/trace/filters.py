# SPDX-License-Identifier: Apache-2.0
"""Which requests, and which of their messages, somebody wants to see."""

import dataclasses

from minova.trace.lanes import short
from minova.trace.message import FANOUT, REPLY


@dataclasses.dataclass(frozen=True)
class Filter:
    """What is None is not asked for."""

    # Uuid or name.
    server: str | None = None
    request: str | None = None
    method: str | None = None
    # `conductor`, or `compute.host1` for one server of a topic alone.
    topic: str | None = None

    def wants_request(self, request):
        """Whether a request passes; one about a server may do so only with a later message, which names it."""
        if self.request and request.id != self.request:
            return False
        servers = request.servers
        return not self.server or self.server in servers or self.server in servers.values()

    def wants(self, message):
        """Whether a message of such a request passes."""
        if self.server and message.is_bulk:
            return False
        if self.method and self.method not in (message.method, message.name):
            return False
        return not self.topic or self.topic in topics(message)


def topics(message):
    """The names by which a filter knows where a message went; a reply belongs to the topic of its call."""
    if message.kind == FANOUT:
        return (message.exchange.removesuffix("_fanout"),)
    target = short(message.sender) if message.kind == REPLY else message.routing_key
    return target, target.partition(".")[0]
