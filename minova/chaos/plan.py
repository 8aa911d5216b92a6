# SPDX-License-Identifier: Apache-2.0
"""Which faults come when: all of it follows from the seed, the length and the services."""

import dataclasses
import random

KILL, STOP, RESTART = "kill -9", "stop", "restart"
# Of what is no service of ours: a broker's or a database's connections, and a database's file.
CUT, LOCK = "cut connections", "lock"
KINDS = (KILL, STOP, RESTART, CUT, LOCK)
# How often each kind is drawn.
_WEIGHTS = {KILL: 5, STOP: 3, RESTART: 2}
# A stopped process sleeps for between these seconds: through deadlines of tasks, and past being taken for down.
_SHORTEST_STOP_SECONDS, _LONGEST_STOP_SECONDS = 0.5, 12.0
# Shorter than a storm's service_down_time: nobody can report meanwhile, and all hosts would be listed as down.
_LONGEST_LOCK_SECONDS = 4.0
# A service that was just hit is left alone for so long: it has to start again before it can be hit again.
_REST_SECONDS = 6.0


@dataclasses.dataclass(frozen=True)
class Fault:
    """One blow to one service."""

    # From the beginning of the storm.
    at_seconds: float
    service: str
    kind: str
    # How long a STOP or a LOCK lasts.
    seconds: float = 0.0

    def __str__(self):
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at_seconds:7.1f} s  {self.kind} {self.service}{lasting}"


def faults(seed, storm_seconds, services, interval_seconds, foreign=()):
    """The faults of one storm in the order of their times.

    :param services: those that may be killed, stopped and restarted, in an order that does not change.
    :param interval_seconds: mean time between two faults.
    :param foreign: (name, kind) of what is none of our services, and meets no other kind.
    """
    kinds_of_foreign = dict(foreign)
    chance = random.Random(f"faults of {seed}")
    planned, rests_until, at_seconds = [], {}, 0.0
    while (at_seconds := at_seconds + chance.expovariate(1 / interval_seconds)) < storm_seconds:
        # All is drawn before it is decided, so that a fault left out changes nothing of the later ones.
        target = chance.choice((*services, *kinds_of_foreign))
        (kind,) = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))
        stop_seconds = round(chance.uniform(_SHORTEST_STOP_SECONDS, _LONGEST_STOP_SECONDS), 1)
        if at_seconds < rests_until.get(target, 0.0):
            continue
        kind = kinds_of_foreign.get(target, kind)
        longest_seconds = {STOP: _LONGEST_STOP_SECONDS, LOCK: _LONGEST_LOCK_SECONDS}.get(kind, 0.0)
        seconds = min(stop_seconds, longest_seconds, storm_seconds - at_seconds)
        planned.append(Fault(round(at_seconds, 1), target, kind, seconds))
        rests_until[target] = at_seconds + seconds + _REST_SECONDS
    return planned
