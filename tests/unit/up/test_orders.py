# SPDX-License-Identifier: Apache-2.0
"""What each order does to a service in each of its states; the sentences that refuse."""

import pytest

from minova.up import plan
from minova.up.keeper import Keeper
from minova.up.orders import ACTIONS, Orders
from minova.up.record import Record


class FakeProcess:
    def __init__(self, service, pid):
        self.service, self.kind, self.pid = service, plan.kind_of(service), pid
        self.exit_code, self.paused, self.told, self.started, self.did = None, False, False, 0, []

    def kill(self):
        self.did.append("kill")

    def terminate(self):
        self.did.append("terminate")

    def terminate_workers(self):
        pass

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False


class FakeSupervisor:
    """Also its own screen."""

    def __init__(self, processes):
        self.processes, self.screen, self.said = processes, self, []

    def services(self):
        return self.processes

    def newly_ended(self):
        ended = [p for p in self.processes if p.exit_code is not None and not p.told]
        for process in ended:
            process.told = True
        return ended

    def restart(self, process):
        started = FakeProcess(process.service, process.pid + 100)
        self.processes[self.processes.index(process)] = started
        return started

    def say(self, text, trouble=False):
        self.said.append(text)


class Running:
    def __init__(self, tmp_path, restart=True):
        names = ("broker", "scheduler", "compute-1", "compute-2")
        self.supervisor = FakeSupervisor([FakeProcess(name, pid) for pid, name in enumerate(names, start=1)])
        record = Record(1, 0.0, str(tmp_path), "http://api", "rabbit://", True, 1)
        self.keeper = Keeper(self.supervisor, record, "log", restart)
        self.orders = Orders(self.supervisor, self.keeper, record)

    def __getitem__(self, service):
        return next(p for p in self.supervisor.processes if p.service == service)

    def order(self, action, service=None):
        return self.orders.answer({"action": action, "service": service})

    def end(self, service, exit_code=0):
        self[service].exit_code = exit_code
        self.keeper.look()

    def states(self):
        return {row["service"]: row["state"] for row in self.order("list")["services"]}


@pytest.fixture
def running(tmp_path):
    return Running(tmp_path)


def test_a_name_is_one_and_a_kind_is_all_of_it(running):
    assert [row["service"] for row in running.order("kill", "compute-2")["services"]] == ["compute-2"]
    assert [row["service"] for row in running.order("kill", "compute")["services"]] == [
        "compute-1",
        "compute-2",
    ]
    assert (running["compute-1"].did, running["compute-2"].did) == (["kill"], ["kill", "kill"])


def test_the_list_tells_the_state_of_each(running):
    running.order("pause", "scheduler")
    running.order("stop", "broker")
    running.order("stop", "compute-1")
    running.end("compute-1")
    running.end("compute-2", -9)
    assert running.states() == {
        "broker": "stopping",
        "scheduler": "paused",
        "compute-1": "stopped",
        "compute-2": "starting",
    }


def test_without_restarts_the_dead_stay_dead_and_a_start_brings_them_back(tmp_path):
    running = Running(tmp_path, restart=False)
    assert "stays dead" in running.order("kill", "broker")["services"][0]["text"]
    running.end("broker", -9)
    assert running.states()["broker"] == "dead"
    assert running.order("start", "broker")["ok"]
    running.keeper.look()
    assert running.states()["broker"] == "running"


def test_what_is_done_is_shown_on_the_screen(running):
    running.order("pause", "scheduler")
    assert running.supervisor.said == [
        "You asked: pause scheduler. Sent SIGSTOP to scheduler (pid 2); "
        "nothing in it runs until you resume it."
    ]


def test_what_cannot_be_done_is_refused_with_the_reason(running):
    running.order("pause", "scheduler")
    running.order("stop", "broker")
    running.end("broker")
    refusals = [
        running.order(*order)["error"]
        for order in (
            ("start", "compute-1"),
            ("start", "scheduler"),
            ("pause", "scheduler"),
            ("resume", "compute-1"),
            ("kill", "broker"),
            ("stop", "broker"),
            ("resume", "broker"),
        )
    ]
    assert refusals == [
        "compute-1 (pid 3) runs already.",
        "scheduler (pid 2) runs already but is paused: minova service resume scheduler.",
        "scheduler (pid 2) is paused already.",
        "compute-1 (pid 3) is not paused.",
        "broker does not run (stopped by you).",
        "broker does not run (stopped by you).",
        "broker does not run (stopped by you).",
    ]


def test_one_of_several_that_can_do_it_is_enough(running):
    running.order("pause", "compute-1")
    answer = running.order("pause", "compute")
    assert answer["ok"]
    assert [row["text"] for row in answer["services"]] == [
        "compute-1 (pid 3) is paused already.",
        "Sent SIGSTOP to compute-2 (pid 4); nothing in it runs until you resume it.",
    ]


@pytest.mark.parametrize(
    "request_", [None, [], 1, {}, {"action": "answer"}, {"action": ["kill"]}, {"action": "__init__"}]
)
def test_what_is_no_order_is_refused(running, request_):
    answer = running.orders.answer(request_)
    assert not answer["ok"]
    assert answer["error"]


@pytest.mark.parametrize("service", [None, 1, "comput", {"a": 1}, ["compute-1"]])
def test_an_order_for_nobody_names_who_there_is(running, service):
    for action in ACTIONS:
        assert "there are broker, compute, compute-1, compute-2" in running.order(action, service)["error"]
