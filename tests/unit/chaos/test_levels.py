# SPDX-License-Identifier: Apache-2.0
"""Level or growing: each life of a service by itself."""

import pytest

from minova.chaos.levels import Levels


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def levels(clock, tmp_path):
    return Levels(str(tmp_path), clock=clock)


def live(levels, clock, service, pid, values, step_seconds=100, measure="threads"):
    for value in values:
        levels.note_process(service, pid, {measure: value})
        clock.now += step_seconds


def test_the_longest_life_is_shown(levels, clock):
    live(levels, clock, "api-1", 1, [5, 9])
    live(levels, clock, "api-1", 2, [4, 30, 20])
    count, seconds, of_life = levels.services()["api-1"]
    threads = of_life["threads"]
    assert (count, seconds, threads.start, threads.most, threads.end) == (2, 200, 4, 30, 20)


def test_filling_a_pool_is_no_growth(levels, clock):
    live(levels, clock, "api-1", 1, [5, 70, 75, 75, 76, 80])
    assert list(levels.violations()) == []


# In storms of an hour a service met its first burst after five minutes, and its pool was taken for a leak: of threads,
# and where the database was locked, of 20 connections to SQLite.
@pytest.mark.parametrize(
    ("measure", "values"), [("threads", [5, 8, 8, 8, 40, 70, 70]), ("files", [9, 21, 23, 23, 23, 59, 59])]
)
def test_filling_a_pool_late_is_no_growth(levels, clock, measure, values):
    live(levels, clock, "network-2", 1, values, measure=measure)
    assert list(levels.violations()) == []


def test_more_files_than_a_pool_are_told(levels, clock):
    live(levels, clock, "api-1", 1, [9, 21, 23, 23, 23, 59, 90], measure="files")
    assert list(levels.violations()) == ["api-1 (pid 1) grew: files 23 after 300 s, 90 at the end."]


def test_a_life_that_goes_on_growing_is_told(levels, clock):
    live(levels, clock, "api-1", 1, [5, 70, 75, 75, 90, 130, 170])
    assert list(levels.violations()) == ["api-1 (pid 1) grew: threads 75 after 300 s, 170 at the end."]


def test_a_process_that_has_ended_is_not_noted(levels):
    levels.note_process("api-1", 1, {})
    assert levels.services() == {}


def test_a_bus_is_counted_over_the_whole_storm(tmp_path, clock):
    counts = iter([{"queues": 20}, {"queues": 50}, {"queues": 22}])

    class Bus:
        def counts(self):
            return next(counts)

    levels = Levels(str(tmp_path), Bus(), clock)
    for _ in range(3):
        levels.sample_bus()
    assert (levels.of_bus["queues"].start, levels.of_bus["queues"].most, levels.of_bus["queues"].end) == (
        20,
        50,
        22,
    )
