# SPDX-License-Identifier: Apache-2.0
"""What the firehose tells: a message was published, went to a consumer, or met with something on its way."""

import dataclasses

from minova.trace.message import Message

PUBLISHED, DELIVERED, NOTED = "published", "delivered", "noted"
# What has to be known of each.
_FACTS = {
    DELIVERED: {"queue": str, "time": (float, int), "process": str},
    NOTED: {"time": (float, int), "what": str, "text": str},
}


@dataclasses.dataclass(frozen=True)
class Event:
    """One thing that happened; `message` already knows of it."""

    what: str
    message: Message
    # Of DELIVERED: {"queue", "time", "process"}; of NOTED: {"time", "what", "text"}.
    facts: dict = dataclasses.field(default_factory=dict)

    @property
    def time(self):
        return self.facts.get("time", self.message.time)

    def to_dict(self):
        if self.what == PUBLISHED:
            return {"event": PUBLISHED, "message": self.message.to_dict()}
        return {"event": self.what, "unique_id": self.message.unique_id, **self.facts}


class Reader:
    """Makes events again of their to_dict(), in the order in which they happened."""

    def __init__(self):
        self._messages = {}

    def read(self, fields):
        """The Event, or None when its message is not known: it was published before this began.

        :raises ValueError: when that is no event.
        """
        if not isinstance(fields, dict) or fields.get("event") not in (PUBLISHED, DELIVERED, NOTED):
            raise ValueError("not an event of a trace")
        if fields["event"] == PUBLISHED:
            return self._published(fields)
        message = self._messages.get(fields.get("unique_id"))
        return message and self._happened(message, fields)

    def _published(self, fields):
        # What happened to it since stands in events of its own.
        message = Message.from_dict({**fields.get("message", {}), "delivered": [], "notes": []})
        self._messages[message.unique_id] = message
        return Event(PUBLISHED, message)

    def _happened(self, message, fields):
        facts = {name: value for name, value in fields.items() if name not in ("event", "unique_id")}
        for name, kind in _FACTS[fields["event"]].items():
            # Of the first recordings none names a process.
            value = facts.get(name, "" if name == "process" else None)
            if not isinstance(value, kind):
                raise ValueError(f"an event whose {name} is {value!r}")
        return happened(message, fields["event"], facts)


def happened(message, what, facts):
    """The Event that this happened to a message, which from now on knows of it."""
    (message.delivered if what == DELIVERED else message.notes).append(facts)
    return Event(what, message, facts)
