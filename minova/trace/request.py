# SPDX-License-Identifier: Apache-2.0
"""All messages of one request of a user, or of one round of a service's own work."""

import dataclasses
import time

from minova.trace import deadlines
from minova.trace.lanes import Lanes
from minova.trace.message import CALL, DROPPED, HELD, RELEASED, REPLY, TIMED_OUT

# After so long without a message a request without open ends is taken to be over.
QUIET_SECONDS = 2
_ACTIONS = {
    "build_instances": "boot",
    "build_and_run_instance": "boot",
    "reschedule_instance": "boot",
    "terminate_instance": "delete",
    "start_instance": "start",
    "stop_instance": "stop",
    "reboot_instance": "reboot",
    "rebuild_instance": "evacuation",
    "report_hosts": "heartbeat",
    "report_host_states": "inventory report",
    "update_host_states": "inventory report",
}


@dataclasses.dataclass
class Request:
    """What was said under one request id, in the order in which it was published."""

    id: str
    messages: list = dataclasses.field(default_factory=list)
    # Of a server whose requests were put together: its name or uuid.
    about: str = ""

    @property
    def title(self):
        """`boot of web-1`"""
        if self.about:
            return f"server {self.about}"
        if not self.messages:
            return self.id
        name = self._subject()
        return f"{self.action} of {name}" if name else self.action

    @property
    def action(self):
        """`boot`; the method of the first message where there is no better word."""
        method = self.messages[0].method or "?" if self.messages else ""
        return _ACTIONS.get(method, method)

    @property
    def is_routine(self):
        """Whether it is about no server: a round of a service's own work, such as a heartbeat."""
        return not self.servers

    @property
    def begin(self):
        """Seconds since the epoch."""
        return min((message.time for message in self.messages), default=0.0)

    @property
    def end(self):
        """Seconds since the epoch of the last thing that happened."""
        return max((last_time(message) for message in self.messages), default=0.0)

    @property
    def seconds(self):
        return self.end - self.begin

    @property
    def servers(self):
        """{uuid: name or ""} of the servers that it is about."""
        found = {}
        for message in self.messages:
            if not message.is_bulk:
                found |= {uuid: message.names.get(uuid) or found.get(uuid, "") for uuid in message.instances}
        return found

    def lanes(self):
        """Who takes part; see Lanes."""
        return Lanes(self.messages)

    @property
    def failed(self):
        """Whether a reply carried an exception, a call was not answered in time, or a message was dropped."""
        return any(
            message.failure or message.has(TIMED_OUT) or message.has(DROPPED) for message in self.messages
        )

    @property
    def running(self):
        """Whether something is still to come; see running_at()."""
        return self.running_at(time.time())

    def running_at(self, now):
        """Whether an answer was still to come, a message was held, or something had just been said."""
        waits = any(is_open(message, now) for message in self.unanswered())
        return waits or any(map(is_held, self.messages)) or now - self.end < QUIET_SECONDS

    def unanswered(self):
        """Calls without a reply."""
        answered = {message.msg_id for message in self.messages if message.kind == REPLY and message.ending}
        return [
            message for message in self.messages if message.kind == CALL and message.msg_id not in answered
        ]

    def summary(self):
        """What a list of requests tells of each, in JSON's types."""
        return {
            "id": self.id,
            "title": self.title,
            "action": self.action,
            "begin": self.begin,
            "end": self.end,
            "messages": len(self.messages),
            "bytes": sum(message.size_bytes for message in self.messages),
            "servers": self.servers,
            "lanes": self.lanes().names,
            "failed": self.failed,
            "running": self.running,
        }

    def _subject(self):
        """The server it is about, or how many there are."""
        servers = self.servers
        if len(servers) > 1:
            return f"{len(servers)} servers"
        return next((name or uuid[:8] for uuid, name in servers.items()), "")


def last_time(message):
    """Seconds since the epoch of the last thing that happened to a message."""
    times = [happened["time"] for happened in (*message.delivered, *message.notes)]
    return max([message.time, *times])


def is_open(call, now):
    """Whether somebody still waits for the answer to a call that has none."""
    # Where a recording ends before its caller gave up, nothing was noted.
    limit = deadlines.seconds(call.properties.get("expiration"), 0.001)
    is_late = limit is not None and now > call.time + limit
    return not is_late and not call.has(TIMED_OUT) and not call.has(DROPPED)


def is_held(message):
    """Whether the debugger holds it now."""
    turns = [note["what"] for note in message.notes if note["what"] in (HELD, RELEASED, DROPPED)]
    return bool(turns) and turns[-1] == HELD
