# SPDX-License-Identifier: Apache-2.0
"""When services that ended are started again; tests/unit/up/test_up_command.py tries it with processes."""

import pytest

from minova.up.backoff import LONGEST_DELAY_SECONDS, STEADY_SECONDS, Backoff
from minova.up.keeper import Keeper
from minova.up.record import Record


class FakeProcess:
    def __init__(self, service, started, pid=1):
        self.service, self.started, self.pid, self.exit_code = service, started, pid, -9

    def terminate_workers(self):
        pass


class FakeSupervisor:
    """Also its own screen."""

    def __init__(self):
        self.ended, self.restarted, self.said, self.error = [], [], [], None
        self.screen = self

    def newly_ended(self):
        ended, self.ended = self.ended, []
        return ended

    def restart(self, process):
        if self.error:
            raise self.error
        self.restarted.append(process.service)
        return FakeProcess(process.service, started=0, pid=2)

    def say(self, text, trouble=False):
        self.said.append(text)


class Kept:
    def __init__(self, tmp_path, restart=True):
        self.now = 100.0
        self.supervisor = FakeSupervisor()
        self.record = Record(1, 0.0, str(tmp_path), "http://api", "rabbit://", True, 1)
        self.keeper = Keeper(self.supervisor, self.record, "log", restart, clock=lambda: self.now)

    def end(self, service, lived_seconds=1):
        self.supervisor.ended.append(FakeProcess(service, self.now - lived_seconds))
        self.keeper.look()

    def look_after(self, seconds):
        self.now += seconds
        self.keeper.look()


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path)


def test_the_pause_doubles_up_to_a_limit():
    backoff = Backoff()
    delays = [backoff.next_delay_seconds(1) for _ in range(2000)]
    assert delays[:6] == [1, 2, 4, 8, 16, LONGEST_DELAY_SECONDS]
    assert set(delays[6:]) == {LONGEST_DELAY_SECONDS}


def test_a_service_that_ran_steadily_begins_with_the_shortest_pause():
    backoff = Backoff()
    delays = [backoff.next_delay_seconds(seconds) for seconds in (1, 1, 1, STEADY_SECONDS, 1)]
    assert delays == [1, 2, 4, 1, 2]


def test_a_service_starts_when_its_pause_is_over_and_not_before(kept):
    kept.end("network")
    kept.look_after(0.9)
    assert kept.supervisor.restarted == []
    kept.look_after(0.2)
    kept.look_after(60)
    assert kept.supervisor.restarted == ["network"]


def test_each_service_has_a_pause_of_its_own(kept):
    kept.end("network")
    kept.look_after(1)
    kept.end("network")
    kept.end("api-1")
    kept.look_after(1)
    assert kept.supervisor.restarted == ["network", "api-1"]
    kept.look_after(1)
    assert kept.supervisor.restarted == ["network", "api-1", "network"]


def test_the_record_tells_who_is_dead_and_how_often_each_was_started(kept):
    kept.end("network")
    assert kept.record.ended["network"]["outcome"] == "signal SIGKILL"
    assert kept.record.ended["network"]["restart_at"] is not None
    kept.look_after(1)
    assert (kept.record.ended, kept.record.restarts, kept.record.processes) == (
        {},
        {"network": 1},
        {"network": 2},
    )


def test_without_restarts_the_record_says_so(tmp_path):
    kept = Kept(tmp_path, restart=False)
    kept.end("network")
    kept.look_after(100)
    assert kept.supervisor.restarted == []
    assert kept.record.ended == {"network": {"outcome": "signal SIGKILL", "restart_at": None}}


def test_a_start_that_the_system_refuses_is_told_and_tried_again(kept):
    kept.supervisor.error = OSError(11, "Resource temporarily unavailable")
    kept.end("network")
    kept.look_after(1)
    assert (
        "network cannot be started: Resource temporarily unavailable. Restart in " in kept.supervisor.said[-1]
    )
    kept.supervisor.error = None
    kept.look_after(2)
    assert kept.supervisor.restarted == ["network"]
