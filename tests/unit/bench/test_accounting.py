# SPDX-License-Identifier: Apache-2.0
"""Reading /proc, and adding up."""

import os
import subprocess
import sys

import pytest

from minova.bench import accounting

# The name of a process may hold spaces and brackets.
STAT = (
    "4242 (a (b) c) S 1 4200 4200 0 -1 4194560 9000 10 0 0 150 50 7 8 20 0 12 0 500 300000000 2048 "
    "18446744073709551615 1 1 0 0 0 0 0 16781312 17642 0 0 0 17 1 0 0 0 0 0"
)


def stat(pid, group, cpu_seconds=0.0, rss_bytes=0):
    return accounting.ProcessStat(pid, "x", group, cpu_seconds, rss_bytes)


def in_group(group):
    return lambda one: one.group == group


def test_a_line_of_proc_stat_is_read():
    found = accounting.parse_stat(STAT, ticks_per_second=100, page_bytes=4096)

    assert found == accounting.ProcessStat(
        pid=4242, name="a (b) c", group=4200, cpu_seconds=2.0, rss_bytes=2048 * 4096
    )


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
def test_this_process_is_found_in_the_table():
    mine = [one for one in accounting.table() if one.pid == os.getpid()]

    assert mine[0].group == os.getpgrp()
    assert mine[0].rss_bytes > 1_000_000


def test_pss_is_counted_in_kilobytes():
    text = "00400000-7ffd0 ---p 00000000 00:00 0 [rollup]\nRss: 9000 kB\nPss:  1234 kB\nPss_Anon: 900 kB\n"

    assert accounting.parse_pss_bytes(text) == 1234 * 1024
    assert accounting.parse_pss_bytes("") == 0


def test_memory_is_summed_over_the_processes_of_a_service():
    stats = [stat(1, 10, rss_bytes=100), stat(2, 10, rss_bytes=200), stat(3, 30, rss_bytes=400)]

    found = accounting.memory(
        {"api": in_group(10), "gone": in_group(99)}, stats, pss_bytes_of={1: 60, 2: 70}.get
    )

    assert found == {"api": accounting.Memory(300, 130, 2), "gone": accounting.Memory(0, 0, 0)}


def test_the_meter_adds_up_what_was_spent_while_it_was_entered():
    tables = iter([[stat(1, 10, value)] for value in (5.0, 6.0, 100.0, 101.0)])
    meter = accounting.CpuMeter({"api": in_group(10)}, read=lambda: next(tables))

    for _ in range(2):
        with meter:
            pass

    assert meter.milliseconds_each(4) == {"api": 500.0}


def test_the_meter_counts_workers_and_newcomers_and_forgets_who_has_ended():
    tables = iter(
        [
            [stat(1, 10, 1.0), stat(2, 10, 1.0), stat(3, 10, 50.0), stat(4, 40, 1.0)],
            [stat(1, 10, 1.5), stat(2, 10, 1.25), stat(4, 40, 9.0), stat(5, 10, 0.25)],
        ]
    )
    with accounting.CpuMeter({"api": in_group(10)}, read=lambda: next(tables)) as meter:
        pass

    assert meter.spent_seconds == {"api": 1.0}


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
def test_cpu_time_of_another_process_is_told_exactly():
    with subprocess.Popen(
        [sys.executable, "-c", _BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        told = accounting.cpu_seconds(child.pid)
        own = float(child.communicate(b"\n")[0])

    assert 0 < told <= own
    assert own - told < 0.1


_BURN = """
import time
while time.process_time() < 0.2:
    pass
print(flush=True)
input()
print(time.process_time())
"""
