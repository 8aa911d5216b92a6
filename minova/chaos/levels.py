# SPDX-License-Identifier: Apache-2.0
"""Memory, threads and open files of each service over a storm, from /proc; without one nothing is measured."""

import collections
import dataclasses
import os

from minova.up import record

MEASURES = ("memory MB", "threads", "files")


@dataclasses.dataclass
class Level:
    """One measure of one service."""

    start: float
    end: float
    most: float


class Levels:
    """Samples over all lives of a service: each process that is started anew begins low again."""

    def __init__(self, state_path):
        self._state_path = state_path
        # (service, measure) to Level.
        self.levels = {}
        self.lives = collections.defaultdict(set)

    def sample(self):
        found = record.load(self._state_path)
        for service, pid in found.processes.items() if found else ():
            for measure, value in _look_at(pid).items():
                self._note(service, measure, value)
                self.lives[service].add(pid)

    def _note(self, service, measure, value):
        level = self.levels.setdefault((service, measure), Level(value, value, value))
        level.end, level.most = value, max(level.most, value)


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
