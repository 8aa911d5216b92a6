# SPDX-License-Identifier: Apache-2.0
"""When services that ended are started again; tests/unit/up/test_up_command.py tries it with processes."""

import pytest

from minova.up.backoff import LONGEST_DELAY_SECONDS, STEADY_SECONDS, Backoff
from minova.up.keeper import Keeper
from minova.up.record import Record
from minova.up.supervisor import STOP_SECONDS


class FakeProcess:
    def __init__(self, service, started, pid=1):
        self.service, self.started, self.pid, self.exit_code = service, started, pid, -9
        self.told, self.signals = True, []

    def terminate(self):
        self.signals.append("SIGTERM")

    def kill(self):
        self.signals.append("SIGKILL")

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
    assert kept.record.ended == {
        "network": {"outcome": "signal SIGKILL", "restart_at": None, "by_user": False}
    }


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


def running(service="network"):
    process = FakeProcess(service, started=0)
    process.exit_code, process.told = None, False
    return process


def end_of(process):
    process.exit_code, process.told = 0, True
    return process


def test_what_was_told_to_stop_stays_dead(kept):
    process = running()
    kept.keeper.stop(process)
    kept.supervisor.ended.append(end_of(process))
    kept.look_after(100)
    assert process.signals == ["SIGTERM"]
    assert kept.supervisor.restarted == []
    assert kept.record.ended["network"]["by_user"]


def test_a_stop_cancels_a_start_that_is_due(kept):
    process = FakeProcess("network", started=99)
    kept.supervisor.ended.append(process)
    kept.keeper.look()
    kept.keeper.stop(process)
    kept.look_after(100)
    assert kept.supervisor.restarted == []
    assert kept.record.ended["network"]["by_user"]


def test_a_stop_counts_that_meets_an_end_of_which_nobody_knows_yet(kept):
    process = running()
    process.exit_code = -9
    kept.keeper.stop(process)
    kept.supervisor.ended.append(end_of(process))
    kept.look_after(100)
    assert kept.supervisor.restarted == []


def test_what_is_told_to_start_starts_without_a_pause(kept):
    process = FakeProcess("network", started=99)
    kept.keeper.stop(process)
    kept.keeper.start(process)
    kept.keeper.look()
    assert kept.supervisor.restarted == ["network"]
    assert kept.record.ended == {}


def test_a_restart_waits_for_the_end(kept):
    process = running()
    kept.keeper.stop(process, start_again=True)
    kept.keeper.look()
    assert kept.supervisor.restarted == []
    kept.supervisor.ended.append(end_of(process))
    kept.keeper.look()
    assert kept.supervisor.restarted == ["network"]


def test_a_start_while_it_stops_makes_a_restart_of_the_stop(kept):
    process = running()
    kept.keeper.stop(process)
    kept.keeper.start(process)
    kept.supervisor.ended.append(end_of(process))
    kept.keeper.look()
    assert kept.supervisor.restarted == ["network"]


def test_what_does_not_stop_is_killed(kept):
    process = running()
    kept.keeper.stop(process)
    kept.look_after(STOP_SECONDS - 1)
    assert process.signals == ["SIGTERM"]
    kept.look_after(1)
    kept.look_after(1)
    assert process.signals == ["SIGTERM", "SIGKILL"]
