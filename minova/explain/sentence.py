# SPDX-License-Identifier: Apache-2.0
"""A sentence of a story, and how moments, durations and lists are put into words."""

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class Sentence:
    """One thing that happened; the kinds are asked, message, choice, step, retry, takeover, network, fault and end."""

    # Seconds since the epoch.
    time: float
    kind: str
    text: str
    # Lines that belong under it.
    details: tuple = ()


def epoch(moment):
    """Seconds since the epoch of a moment of the records, which is naive UTC."""
    return moment.replace(tzinfo=datetime.UTC).timestamp()


def duration(seconds):
    """`3 ms`, `0.35 s`, `42 s`, `12 min 5 s`, `3 h 5 min`."""
    if seconds < 0.1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def count(number, noun):
    """`1 host`, `3 hosts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
