# SPDX-License-Identifier: Apache-2.0
"""What services and broker hold over a storm: level, or growing?

A process that is started again begins low, so each life is measured by itself, from /proc; without a /proc nothing
of processes is measured.
"""

import dataclasses
import os
import time

from minova.db import engine
from minova.up import record

MEASURES = ("memory MB", "threads", "files")
# A life has warmed up by then: what it holds later is compared with what it held at this age.
_GROWN_UP_SECONDS = 300
# By how much a life may grow from that age on: a share of what it was, and something. Of threads and files that is one
# pool, which a single burst fills, at whatever age it comes: of executor_thread_pool_size threads, and of connections
# to the database, which are two files each (itself and its log) on SQLite.
_GROWTH = 0.25
_SOMETHING = {"memory MB": 20, "threads": 64, "files": 2 * engine.POOL_SIZE}


@dataclasses.dataclass
class Level:
    """One measure over the life of a process, or over the storm."""

    start: float
    grown_up: float
    most: float
    end: float

    def note(self, value, age_seconds):
        if age_seconds <= _GROWN_UP_SECONDS:
            self.grown_up = value
        self.most, self.end = max(self.most, value), value

    def is_level(self, something):
        """:param something: how much it may grow beside a share of what it was."""
        return self.end <= self.grown_up * (1 + _GROWTH) + something


class Levels:
    """Samples of the processes of a `minova up` and of its broker.

    :param bus: has ``counts()``: {what: how many}; None where the broker cannot be asked.
    """

    def __init__(self, state_path, bus=None, clock=time.monotonic):
        self._state_path = state_path
        self._bus = bus
        self._clock = clock
        self._began = clock()
        # {(service, pid): {measure: Level}}, and of each life (first seen, last seen).
        self._lives = {}
        self._seen = {}
        # {what: Level} of the broker.
        self.of_bus = {}

    def sample(self):
        found = record.load(self._state_path)
        for service, pid in found.processes.items() if found else ():
            self.note_process(service, pid, _look_at(pid))

    def sample_bus(self):
        """Apart, and more seldom: to ask a RabbitMQ costs a second of CPU."""
        for what, count in (self._bus.counts() if self._bus else {}).items():
            level = self.of_bus.setdefault(what, Level(count, count, count, count))
            level.note(count, self._clock() - self._began)

    def note_process(self, service, pid, values):
        """:param values: {measure: value}; empty when the process has ended."""
        if not values:
            return
        now, life = self._clock(), (service, pid)
        first, _ = self._seen.get(life, (now, now))
        self._seen[life] = first, now
        of_life = self._lives.setdefault(life, {})
        for measure, value in values.items():
            of_life.setdefault(measure, Level(value, value, value, value)).note(value, now - first)

    def services(self):
        """Service to (number of lives, seconds of the longest, its {measure: Level})."""
        longest = {}
        for (service, pid), (first, last) in self._seen.items():
            count, seconds, of_life = longest.get(service, (0, -1, {}))
            if last - first > seconds:
                seconds, of_life = last - first, self._lives[service, pid]
            longest[service] = count + 1, seconds, of_life
        return longest

    def violations(self):
        """A sentence for each life that went on growing after it had grown up."""
        for (service, pid), of_life in self._lives.items():
            for measure, level in of_life.items():
                if not level.is_level(_SOMETHING[measure]):
                    yield (
                        f"{service} (pid {pid}) grew: {measure} {level.grown_up:.0f} after "
                        f"{_GROWN_UP_SECONDS} s, {level.end:.0f} at the end."
                    )


def _look_at(pid):
    """{measure: value} of a process; empty when it has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as lines:
            status = dict(line.split(":", 1) for line in lines if ":" in line)
        files = len(os.listdir(f"/proc/{pid}/fd"))
        values = int(status["VmRSS"].split()[0]) / 1000, int(status["Threads"]), files
        return dict(zip(MEASURES, values, strict=True))
    except (OSError, KeyError):
        return {}
