# SPDX-License-Identifier: Apache-2.0
"""Notices calls that are not answered in time, by the limits that the caller has put into them."""

import dataclasses

from minova.trace.message import CALL, REPLY, TIMED_OUT, Message

# A caller sees its reply before we do, and gives up a moment after its limit.
_GRACE_SECONDS = 0.25


@dataclasses.dataclass
class _Waiting:
    call: Message
    # Seconds; None: no such limit.
    total: float | None
    silence: float | None
    last_sign: float

    def ends_at(self):
        ends = [] if self.total is None else [self.call.time + self.total]
        return min([*ends, self.last_sign + self.silence] if self.silence else ends, default=None)

    def text(self):
        if self.silence and (
            self.total is None or self.last_sign + self.silence < self.call.time + self.total
        ):
            return f"timed out: no sign of life for {self.silence:g} s"
        return f"timed out: no answer in {self.total:g} s"


class Deadlines:
    """The calls under way.

    A call's property `expiration` says how long its caller waits at most, in milliseconds. Where the caller
    monitors it, `_timeout` says after how many seconds of silence it gives up.
    """

    def __init__(self):
        self._waiting = {}

    def follow(self, message):
        if message.kind == CALL:
            self._watch(message)
        elif message.kind == REPLY and message.ending:
            self._waiting.pop(message.msg_id, None)
        elif message.kind == REPLY and message.msg_id in self._waiting:
            self._waiting[message.msg_id].last_sign = message.time

    def expired(self, now):
        """[(call, its note)] of those that are over; each is told once."""
        over = []
        for waiting in list(self._waiting.values()):
            end = waiting.ends_at()
            if now > end + _GRACE_SECONDS:
                del self._waiting[waiting.call.msg_id]
                over.append((waiting.call, {"time": end, "what": TIMED_OUT, "text": waiting.text()}))
        return over

    def _watch(self, call):
        total = seconds(call.properties.get("expiration"), 0.001)
        silence = seconds(call.body.get("_timeout"), 1)
        if total is not None or silence:
            self._waiting[call.msg_id] = _Waiting(call, total, silence, call.time)


def seconds(value, unit):
    """A number that somebody wrote, in seconds; None when it is none."""
    try:
        number = float(value) * unit
    except (TypeError, ValueError):
        return None
    return number if 0 < number < 1e9 else None
