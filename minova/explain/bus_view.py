# SPDX-License-Identifier: Apache-2.0
"""What the broker says about the queues that a server's messages go through."""

import dataclasses

from minova.explain.sentence import count
from minova.page import management
from minova.trace import firehose
from minova.up import settings


@dataclasses.dataclass(frozen=True)
class BusView:
    """``queues`` are rows of the management API by name; ``problem`` says why there are none."""

    queues: dict
    held: list = dataclasses.field(default_factory=list)
    problem: str | None = None

    def sentence(self, queue, service):
        """How it stands with one queue, whose consumer is ``service``; "" when that cannot be told."""
        if self.problem:
            return ""
        row = self.queues.get(queue)
        if row is None:
            return (
                f"There is no queue {queue}: no {service} has listened yet. What is sent there now is lost."
            )
        held = self._held_in(queue)
        holds = f"Queue {queue} holds {count(row.get('messages', 0), 'message')}"
        holds += f" ({held} of them held by the debugger: minova step)" if held else ""
        consumers = row.get("consumers", 0)
        if not consumers:
            return f"{holds} and has no consumer: no {service} listens."
        return f"{holds} and has {count(consumers, 'consumer')}."

    def _held_in(self, queue):
        return sum(row.get("queue") == queue for row in self.held)


def look(transport_url, management_url):
    """:param management_url: "" for where it is by custom."""
    try:
        address = firehose.broker_addresses(transport_url)[0]
        client = management.Management(management_base(management_url, address), address)
        return BusView({row["name"]: row for row in client.queues()}, client.held())
    except (management.ManagementError, firehose.TraceError) as err:
        return BusView({}, problem=str(err))


def management_base(management_url, address):
    """The URL before /api; without ``management_url`` by custom: the port of the broker and 10000."""
    if management_url:
        return management_url.removesuffix("/").removesuffix("/api")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"http://{host}:{address.port + settings.MANAGEMENT_STEP}"
