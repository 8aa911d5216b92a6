# SPDX-License-Identifier: Apache-2.0
"""Which faults come when: all of it follows from the seed, the length and the services."""

import dataclasses
import random

KILL, STOP, RESTART, CUT = "kill -9", "stop", "restart", "cut connections"
# How often each kind is drawn.
_WEIGHTS = {KILL: 5, STOP: 3, RESTART: 2}
# A stopped process sleeps for between these seconds: through deadlines of tasks, and past being taken for down.
_SHORTEST_STOP_SECONDS, _LONGEST_STOP_SECONDS = 0.5, 12.0
# A service that was just hit is left alone for so long: it has to start again before it can be hit again.
_REST_SECONDS = 6.0


@dataclasses.dataclass(frozen=True)
class Fault:
    """One blow to one service."""

    # From the beginning of the storm.
    at_seconds: float
    service: str
    kind: str
    # How long a STOP lasts.
    seconds: float = 0.0

    def __str__(self):
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at_seconds:7.1f} s  {self.kind} {self.service}{lasting}"


def faults(seed, storm_seconds, services, interval_seconds, foreign=()):
    """The faults of one storm in the order of their times.

    :param services: those that may be killed, stopped and restarted, in an order that does not change.
    :param interval_seconds: mean time between two faults.
    :param foreign: names of servers that are not ours, whose connections alone may be cut.
    """
    chance = random.Random(f"faults of {seed}")
    planned, rests_until, at_seconds = [], {}, 0.0
    while (at_seconds := at_seconds + chance.expovariate(1 / interval_seconds)) < storm_seconds:
        # All is drawn before it is decided, so that a fault left out changes nothing of the later ones.
        target = chance.choice((*services, *foreign))
        (kind,) = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))
        stop_seconds = round(chance.uniform(_SHORTEST_STOP_SECONDS, _LONGEST_STOP_SECONDS), 1)
        if at_seconds < rests_until.get(target, 0.0):
            continue
        kind = CUT if target in foreign else kind
        seconds = min(stop_seconds, storm_seconds - at_seconds) if kind == STOP else 0.0
        planned.append(Fault(round(at_seconds, 1), target, kind, seconds))
        rests_until[target] = at_seconds + seconds + _REST_SECONDS
    return planned
