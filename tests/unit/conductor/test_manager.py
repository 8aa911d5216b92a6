# SPDX-License-Identifier: Apache-2.0
"""When a conductor reports and takes tasks over: only while others reach it, which it knows by calling itself."""

import oslo_messaging as messaging
import pytest

from minova import servicegroup
from minova.conductor import manager
from minova.db import instances, models, services
from tests import records
from tests.fake_bus import FakeBus

_LONG_SECONDS = 1000


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def make_conductor(database, conf, bus):
    """Makes conductors that have just reported."""
    made = []

    def make(host):
        conf.config(host=host)
        conductor = manager.ConductorManager(bus)
        conductor.pre_start_hook()
        made.append(conductor)
        return conductor

    yield make
    for conductor in made:
        conductor.stop()


@pytest.fixture
def conductor(make_conductor):
    return make_conductor("here")


@pytest.fixture
def overdue(database):
    """A task that nobody worked on in time."""
    records.add_host(database, "host1")
    return records.add_instance(database, task_state="spawning", host="host1", deadline_epoch=1)


def _pass_time(database, conductor, *hosts, seconds=_LONG_SECONDS):
    """The conductor and the services of ``hosts`` (all of them by default) have been silent for so long."""
    conductor._reported -= seconds
    table = models.services
    statement = table.update().values(last_seen_epoch=table.c.last_seen_epoch - seconds)
    with database.writer() as conn:
        conn.execute(statement.where(table.c.host.in_(hosts)) if hosts else statement)


def _is_up(database, host):
    with database.reader() as conn:
        return servicegroup.is_up(services.find(conn, host=host)[0])


def _takeovers(database, row):
    with database.reader() as conn:
        return instances.get(conn, row.uuid).takeovers


def _deadline(database, row):
    with database.reader() as conn:
        return instances.get(conn, row.uuid).deadline_epoch


def test_a_conductor_that_hears_itself_reports(database, conductor, bus):
    _pass_time(database, conductor)

    conductor.report_state()

    assert bus.sent() == [("call", "conductor.here", "ping")]
    assert _is_up(database, "here")


@pytest.mark.parametrize("error", [messaging.MessagingTimeout, messaging.MessageDeliveryFailure])
def test_a_conductor_that_does_not_hear_itself_is_silent(database, conductor, bus, error):
    # The broker was away. It went on to report, and hosts that could not seemed dead.
    bus.replies["ping"] = error("the broker is away")
    _pass_time(database, conductor)

    conductor.report_state()

    assert not _is_up(database, "here")


def test_a_conductor_that_leaves_calls_itself_no_more(database, conductor, bus):
    # Its call waited in the queue that it had just stopped to listen on.
    conductor.say_goodbye()

    conductor.report_state()

    assert bus.sent() == []


def test_a_silent_conductor_takes_nothing_over(database, conductor, overdue):
    _pass_time(database, conductor)

    conductor._sweep()

    assert _takeovers(database, overdue) == 0


def test_once_it_has_reported_it_takes_over_what_is_overdue_and_its_hosts_are_up(
    database, conductor, overdue
):
    _pass_time(database, conductor)

    conductor.report_state()
    conductor._sweep()

    assert _takeovers(database, overdue) == 1
    assert _is_up(database, "host1")


def test_a_message_ends_the_silence_before_it_is_worked_on(database, conductor, bus, overdue):
    # All threads may have messages in hand, and none be left to answer a call to itself.
    _pass_time(database, conductor)
    spec = records.make_request_spec([overdue])

    conductor.additional_endpoints[0].build_instances(records.make_context(), spec)

    assert bus.sent() == []
    assert _is_up(database, "host1")


def test_a_silent_conductor_keeps_what_it_has_in_hand(database, conductor, overdue):
    _pass_time(database, conductor)

    with conductor._tasks_in_hand.hold_all([(overdue.task_id, overdue.attempt)]):
        conductor._keep_tasks()

    assert _deadline(database, overdue) > overdue.deadline_epoch


def test_a_conductor_that_is_cut_off_alone_changes_nothing_for_hosts(database, make_conductor, overdue):
    make_conductor("here")
    cut_off = make_conductor("there")
    _pass_time(database, cut_off, "there", "host1")

    cut_off.report_state()

    assert [_is_up(database, host) for host in ("there", "here", "host1")] == [True, True, False]
