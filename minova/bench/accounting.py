# SPDX-License-Identifier: Apache-2.0
"""CPU time and memory of processes, read from /proc; where there is none, nothing is accounted for."""

import contextlib
import dataclasses
import glob
import os
import time

_CPUCLOCK_SCHED = 2


@dataclasses.dataclass(frozen=True)
class ProcessStat:
    """One line of /proc/<pid>/stat."""

    pid: int
    name: str
    group: int
    cpu_seconds: float
    rss_bytes: int


@dataclasses.dataclass(frozen=True)
class Memory:
    """Of one or more processes."""

    rss_bytes: int = 0
    # The proportional set size: a page that n processes share counts an n-th in each.
    pss_bytes: int = 0
    processes: int = 0

    def __add__(self, other):
        return Memory(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))


def supported():
    return os.path.isdir("/proc/self")


def cpu_seconds(pid):
    """The CPU time of one process to the nanosecond; /proc counts ticks of 10 ms, and misses on a busy machine.

    Linux's clock of a process, as clock_getcpuclockid(3) makes it: Python has that for threads only.
    """
    return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)


def table():
    """All processes of this machine."""
    stats = []
    for path in glob.iglob("/proc/[0-9]*/stat"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as line:
            stats.append(parse_stat(line.read()))
    return stats


def parse_stat(line, ticks_per_second=None, page_bytes=None):
    """A ProcessStat; see proc(5)."""
    before, _, after = line.rpartition(")")
    pid, _, name = before.partition(" (")
    # From the state (field 3) on: 4 parent, 5 group, 14 and 15 CPU ticks in user and system mode, 24 pages.
    fields = after.split()
    ticks = ticks_per_second or os.sysconf("SC_CLK_TCK")
    return ProcessStat(
        pid=int(pid),
        name=name,
        group=int(fields[2]),
        cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        rss_bytes=int(fields[21]) * (page_bytes or os.sysconf("SC_PAGE_SIZE")),
    )


def parse_pss_bytes(text):
    """The line `Pss:` of /proc/<pid>/smaps_rollup, which counts in kB."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def memory(members, stats=None, pss_bytes_of=None):
    """Memory by name.

    :param members: {name: predicate on a ProcessStat}.
    """
    stats = table() if stats is None else stats
    pss_bytes_of = pss_bytes_of or _pss_bytes
    return {
        name: sum(
            (Memory(s.rss_bytes, pss_bytes_of(s.pid), 1) for s in stats if is_member(s)), start=Memory()
        )
        for name, is_member in members.items()
    }


class CpuMeter:
    """Adds up the CPU seconds that are spent while it is entered, by name.

    Of a process that ends meanwhile nothing is known.

    :param members: {name: predicate on a ProcessStat}.
    """

    def __init__(self, members, read=table):
        self.spent_seconds = dict.fromkeys(members, 0.0)
        self._members = members
        self._read = read

    def __enter__(self):
        self._before = {stat.pid: stat.cpu_seconds for stat in self._read()}
        return self

    def __exit__(self, *_):
        for stat in self._read():
            spent_seconds = stat.cpu_seconds - self._before.get(stat.pid, 0.0)
            for name, is_member in self._members.items():
                if is_member(stat):
                    self.spent_seconds[name] += spent_seconds

    def milliseconds_each(self, operations):
        """CPU ms per operation, by name."""
        return {name: seconds * 1000 / operations for name, seconds in self.spent_seconds.items()}


def _pss_bytes(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as text:
            return parse_pss_bytes(text.read())
    except OSError:
        return 0


def _values(memory_):
    return dataclasses.astuple(memory_)
