# SPDX-License-Identifier: Apache-2.0
"""How other services ask and tell the schedulers: rpcapi, query client, report client."""

import oslo_messaging as messaging
import pytest

from minova import exception
from minova.scheduler import rpcapi
from minova.scheduler.client import query, report
from tests import fake_bus, records
from tests.unit.scheduler.builders import new_host_state, new_request

CONTEXT = records.make_context()


def test_select_destinations_is_a_call(conf):
    bus = fake_bus.FakeBus({"select_destinations": [["answer"]]})

    assert rpcapi.SchedulerAPI(bus).select_destinations(CONTEXT, new_request(["a"]), 20, 10) == [["answer"]]
    assert bus.sent() == [("call", "scheduler", "select_destinations")]


def test_update_host_states_is_a_fanout(conf):
    bus = fake_bus.FakeBus()

    rpcapi.SchedulerAPI(bus).update_host_states(CONTEXT, [new_host_state("host1")])

    assert bus.sent() == [("fanout", "scheduler", "update_host_states")]


class Clock:
    """Time that passes only in calls and pauses."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class SilentSchedulers:
    """Answers a call with the next of ``outcomes``; a MessagingTimeout takes the silence that was allowed."""

    def __init__(self, clock, outcomes):
        self._clock = clock
        self._outcomes = iter(outcomes)
        self.timeouts = []

    def select_destinations(self, context, request_spec, timeout_seconds, silence_seconds):
        self.timeouts.append((timeout_seconds, silence_seconds))
        outcome = next(self._outcomes)
        if isinstance(outcome, messaging.MessagingTimeout):
            self._clock.sleep(1000 if isinstance(outcome, _Slept) else silence_seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class _Slept(messaging.MessagingTimeout):
    """The process that asked was stopped for long."""


@pytest.fixture
def ask(conf):
    """Ask with these outcomes: (what comes back or is raised, (timeout, silence) of each call, seconds in all)."""
    conf.config(group="scheduler", rpc_timeout=10, query_deadline=25)

    def run(outcomes):
        clock = Clock()
        schedulers = SilentSchedulers(clock, outcomes)
        client = query.SchedulerQueryClient(None, schedulers, clock, clock.sleep)
        try:
            result = client.select_destinations(CONTEXT, new_request(["a", "b"]))
        except exception.MinovaException as error:
            result = error
        return result, schedulers.timeouts, clock.now

    return run


def test_an_answer_is_returned(ask):
    assert ask([[["host1"]]]) == ([["host1"]], [(25, 10)], 0)


def test_a_scheduler_that_does_not_answer_is_asked_again(ask):
    answer, timeouts, seconds = ask([messaging.MessagingTimeout(), messaging.MessagingTimeout(), [["host1"]]])

    assert (answer, timeouts, seconds) == ([["host1"]], [(25, 10), (15, 10), (5, 5)], 20)


def test_silence_until_the_deadline_is_told(ask):
    error, timeouts, seconds = ask([messaging.MessagingTimeout()] * 9)

    assert isinstance(error, exception.ServiceUnavailable)
    assert error.message == "minova-scheduler did not answer for 25 s."
    assert (timeouts, seconds) == ([(25, 10), (15, 10), (5, 5)], 25)


def test_a_bus_that_is_away_is_tried_again_after_a_pause(ask):
    answer, _timeouts, seconds = ask([messaging.MessageDeliveryFailure(), [["host1"]]])

    assert (answer, seconds) == ([["host1"]], 0.5)


def test_a_bus_that_stays_away_is_told(ask):
    error, _timeouts, seconds = ask([messaging.MessageDeliveryFailure()] * 99)

    assert isinstance(error, exception.ServiceUnavailable)
    assert error.message.startswith("minova-scheduler could not be reached for ")
    # 0.5, 1, 2, 4 and then 8 seconds.
    assert seconds == 31.5


def test_a_scheduler_that_fails_is_asked_again(ask):
    # A scheduler that lost its database answered at once, and the request was given up at once.
    answer, _timeouts, seconds = ask([messaging.RemoteError("DBConnectionError", "gone"), [["host1"]]])

    assert (answer, seconds) == ([["host1"]], 0.5)


def test_a_scheduler_that_keeps_failing_is_told(ask):
    error, _timeouts, _seconds = ask([messaging.RemoteError("DBConnectionError", "gone")] * 99)

    assert isinstance(error, exception.ServiceUnavailable)
    assert error.message.startswith("minova-scheduler failed with DBConnectionError for ")


def test_no_valid_host_is_not_asked_again(ask):
    error, timeouts, _seconds = ask([exception.NoValidHost(reason="0 hosts")])

    assert isinstance(error, exception.NoValidHost)
    assert timeouts == [(25, 10)]


def report_states(client, **accepting_by_host):
    client.report_host_states(CONTEXT, [new_host_state(h, accepting=a) for h, a in accepting_by_host.items()])


def test_a_heartbeat_is_one_message_for_all_hosts(conf):
    bus = fake_bus.FakeBus()
    client = report.SchedulerReportClient(bus)
    report_states(client, host1=True, host2=True)
    bus.messages.clear()

    report_states(client, host1=True, host2=True)

    assert bus.sent() == [("cast", "conductor", "report_host_states")]
    assert len(bus.last("report_host_states")["host_states"]) == 2


def test_schedulers_are_told_first_of_the_hosts_that_change(conf):
    bus = fake_bus.FakeBus()
    client = report.SchedulerReportClient(bus)
    report_states(client, host1=True, host2=True)
    bus.messages.clear()

    report_states(client, host1=True, host2=False)

    assert bus.sent() == [
        ("fanout", "scheduler", "update_host_states"),
        ("cast", "conductor", "report_host_states"),
    ]
    assert [each.host for each in bus.last("update_host_states")["host_states"]] == ["host2"]


def test_a_conductor_that_slept_through_its_question_asks_once_more(ask):
    """It woke up after all deadlines, took the silence for the scheduler's, and put a server in ERROR that another
    conductor was building.
    """
    answer, _timeouts, _seconds = ask([_Slept(), [["host1"]]])

    assert answer == [["host1"]]
