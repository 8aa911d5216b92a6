# SPDX-License-Identifier: Apache-2.0
"""Recovery of abandoned tasks: what is sent again, to whom, and when it is given up."""

import logging
import time

import oslo_messaging as messaging
import pytest
from oslo_context import context

from minova import exception, rpc_client
from minova.compute import rpcapi as compute_rpcapi
from minova.compute.tasks_in_hand import TasksInHand
from minova.conductor.records import Records
from minova.conductor.tasks.recover import Recovery
from minova.db import actions, instances, services
from minova.network import api as network_api
from tests import records
from tests.fake_bus import FakeBus

_OVERDUE = 1.0  # of 1970
_FAR_AWAY = 32503680000.0  # the year 3000


class FakeBuilds:
    """Remembers what it is asked."""

    def __init__(self):
        self.built = []
        self.rescheduled = []

    def build(self, context, request_spec):
        self.built.append((request_spec.instance_uuids, request_spec.attempt))

    def reschedule(self, context, instance, request_spec, alternates, reason):
        self.rescheduled.append((instance.uuid, alternates, reason))


class FakeEvacuations:
    """Remembers what it is asked."""

    def __init__(self):
        self.asked = []

    def rebuild(self, context, request_spec):
        self.asked.append(("rebuild", request_spec.attempt))

    def reschedule(self, context, instance, request_spec, reason):
        self.asked.append(("reschedule", reason))

    def fail(self, row, error, started_at):
        self.asked.append(("fail", error.message))


class AtOnce:
    """An executor that works on what it gets before it returns."""

    def submit(self, function, *arguments):
        function(*arguments)


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def builds():
    return FakeBuilds()


@pytest.fixture
def evacuations():
    return FakeEvacuations()


@pytest.fixture
def in_hand():
    return TasksInHand()


@pytest.fixture
def recovery(database, bus, builds, evacuations, in_hand):
    records.add_host(database, "up")
    records.add_host(database, "down")
    with database.writer() as conn:
        (down,) = services.find(conn, host="down")
        services.update(conn, down.uuid, forced_down=True)
    compute, network = compute_rpcapi.ComputeAPI(bus), network_api.API(bus)
    return Recovery(database, Records(database), builds, evacuations, compute, network, in_hand, AtOnce())


def _add(database, deadline_epoch=_OVERDUE, **values):
    row = records.add_instance(database, deadline_epoch=deadline_epoch, **values)
    spec = records.make_request_spec([row]).obj_to_primitive()
    with database.writer() as conn:
        table = instances.instances
        conn.execute(table.update().where(table.c.uuid == row.uuid).values(request_spec=spec))
    return row


def _get(database, uuid):
    with database.reader() as conn:
        return instances.get(conn, uuid)


def test_a_task_before_its_deadline_is_left_alone(database, bus, builds, recovery):
    row = records.add_instance(database, deadline_epoch=4e9)

    recovery.sweep()

    assert (bus.messages, builds.built) == ([], [])
    assert _get(database, row.uuid).takeovers == 0


def test_an_instance_without_a_host_is_scheduled_again(database, bus, builds, recovery):
    row = _add(database)

    recovery.sweep()

    assert builds.built == [([row.uuid], 0)]


def test_a_build_is_sent_again_to_its_living_host(database, bus, recovery):
    row = _add(database, task_state="spawning", attempt=1, host="up")

    recovery.sweep()

    assert bus.sent() == [("cast", "compute.up", "build_and_run_instance")]
    assert bus.last("build_and_run_instance")["instance"].attempt == row.attempt


def test_a_build_on_a_dead_host_goes_to_another(database, builds, recovery):
    row = _add(database, task_state="spawning", attempt=1, host="down")

    recovery.sweep()

    assert builds.rescheduled == [(row.uuid, None, "down is down")]


@pytest.mark.parametrize(
    ("task_state", "method"),
    [
        ("powering-on", "start_instance"),
        ("powering-off", "stop_instance"),
        ("rebooting", "reboot_instance"),
        ("rebooting_hard", "reboot_instance"),
        ("deleting", "terminate_instance"),
    ],
)
def test_an_action_is_sent_again_to_its_living_host(database, bus, recovery, task_state, method):
    _add(database, vm_state="active", task_state=task_state, host="up")

    recovery.sweep()

    assert bus.sent() == [("cast", "compute.up", method)]


def test_a_delete_on_a_dead_host_is_done_without_it(database, bus, recovery):
    address = {"address": "10.0.0.2"}
    row = _add(database, vm_state="active", task_state="deleting", host="down", network_info=[address])

    recovery.sweep()

    with pytest.raises(exception.InstanceNotFound):
        _get(database, row.uuid)
    assert bus.sent() == [("cast", "network", "deallocate_for_instance")]


def test_an_evacuation_without_a_host_is_scheduled_again(database, bus, evacuations, recovery):
    _add(database, vm_state="active", task_state="rebuilding", host="down")

    recovery.sweep()

    assert (bus.messages, evacuations.asked) == ([], [("rebuild", 0)])


def test_an_evacuation_is_sent_again_to_its_living_host(database, bus, evacuations, recovery):
    _add(database, vm_state="active", task_state="rebuild_spawning", attempt=1, host="up")

    recovery.sweep()

    assert bus.sent() == [("cast", "compute.up", "rebuild_instance")]
    assert bus.last("rebuild_instance")["request_spec"].attempt == 1
    assert evacuations.asked == []


def test_an_evacuation_to_a_host_that_died_too_goes_on_to_another(database, bus, evacuations, recovery):
    _add(database, vm_state="active", task_state="rebuild_spawning", attempt=1, host="down")

    recovery.sweep()

    assert (bus.messages, evacuations.asked) == ([], [("reschedule", "down is down")])


def test_an_evacuation_that_comes_no_further_is_given_up(conf, database, bus, evacuations, recovery):
    conf.config(group="task", max_takeovers=2)
    _add(database, vm_state="active", task_state="rebuilding", host="down", takeovers=2)

    recovery.sweep()

    [(what, why)] = evacuations.asked
    assert (what, why.startswith("The task was abandoned in state rebuilding 3 times")) == ("fail", True)


def test_an_action_on_a_dead_host_ends_in_error_and_says_why(database, bus, recovery):
    row = _add(database, vm_state="active", task_state="powering-off", host="down")

    recovery.sweep()

    after = _get(database, row.uuid)
    assert (after.vm_state, after.task_state, after.host) == ("error", None, "down")
    with database.reader() as conn:
        assert "down is down" in actions.latest_faults(conn, [row.uuid])[row.uuid].message


def test_a_build_that_comes_no_further_is_given_up(conf, database, bus, recovery):
    conf.config(group="task", max_takeovers=2)
    row = _add(database, task_state="spawning", attempt=1, host="up", takeovers=2)

    recovery.sweep()

    after = _get(database, row.uuid)
    assert (after.vm_state, after.task_state) == ("error", None)
    assert bus.messages == []


def test_two_conductors_do_not_take_over_the_same_task(database, bus, recovery):
    _add(database, task_state="spawning", attempt=1, host="up")

    recovery.sweep()
    recovery.sweep()

    assert len(bus.messages) == 1


def test_progress_makes_the_takeovers_count_anew(database, recovery):
    row = _add(database, task_state="scheduling", attempt=1, host="up", takeovers=2)

    Records(database).update(
        row.uuid, instances.Task(row.task_id, 1), ["scheduling"], {"task_state": "spawning"}
    )

    assert _get(database, row.uuid).takeovers == 0


def test_a_task_that_this_conductor_works_on_is_not_begun_twice(database, builds, recovery, in_hand):
    row = _add(database)

    with in_hand.hold_all([(row.task_id, row.attempt)]):
        recovery.sweep()

    assert builds.built == []


def test_a_takeover_without_a_broker_does_not_count(database, bus, recovery):
    """Some minutes without a broker used up all takeovers, and builds that nothing had happened to became ERROR."""
    row = _add(database, task_state="spawning", attempt=1, host="up", takeovers=2)
    bus.failure = messaging.MessageDeliveryFailure("away")

    recovery.sweep()

    assert _get(database, row.uuid).takeovers == 2


def test_a_takeover_that_reaches_nobody_counts(database, bus, recovery):
    # Of a host that reports and does not listen it would else be tried for ever.
    row = _add(database, task_state="spawning", attempt=1, host="up", takeovers=2)
    bus.failure = rpc_client.NobodyListens("nobody listens there")

    recovery.sweep()

    assert _get(database, row.uuid).takeovers == 3


def test_a_task_that_was_handed_back_is_taken_over_at_once_and_no_other_attempt(database, bus, recovery):
    at_work = {"task_state": "spawning", "host": "up", "deadline_epoch": _FAR_AWAY}
    theirs = _add(database, attempt=1, **at_work)
    newer = _add(database, attempt=2, **at_work)

    with database.writer() as conn:
        instances.hand_back(conn, [instances.Task(row.task_id, 1) for row in (theirs, newer)])
    # The clock of the database has to pass that moment.
    time.sleep(0.01)
    recovery.sweep()

    assert [message.arguments["instance"].uuid for message in bus.messages] == [theirs.uuid]


def test_more_than_one_batch_is_taken_over_at_once(monkeypatch, database, builds, recovery):
    monkeypatch.setattr("minova.conductor.tasks.recover._AT_ONCE", 2)
    uuids = [_add(database).uuid for _ in range(5)]

    recovery.sweep()

    assert sorted(uuid for (uuid,), _attempt in builds.built) == sorted(uuids)


def test_a_heartbeat_shows_that_a_task_comes_further(database):
    """The heartbeats of a busy compute came late a few times, and a build that it worked on was given up."""
    row = _add(database, task_state="spawning", attempt=1, host="up", takeovers=3)

    with database.writer() as conn:
        assert instances.extend_deadlines(conn, [instances.Task(row.task_id, 1)], 60) == []

    assert _get(database, row.uuid).takeovers == 0


def test_a_takeover_is_logged_under_the_request_that_it_is_about(database, recovery):
    """The thread of the sweep kept the request id of the server before, and a grep for a request found another's."""
    rows = [_add(database, task_state="spawning", attempt=1, host="up") for _ in range(2)]
    with database.reader() as conn:
        requests = {row.uuid: actions.get_by_id(conn, row.task_id).request_id for row in rows}
    seen = {}
    log = logging.getLogger("minova.conductor.tasks.recover")

    def note(line):
        seen[line.args[0]] = context.get_current().request_id
        return True

    log.addFilter(note)
    recovery.sweep()
    log.removeFilter(note)

    assert seen == requests


def test_a_takeover_is_put_on_record(conf, database, recovery):
    conf.config(host="controller7")
    row = _add(database, task_state="spawning", attempt=1, host="up")

    recovery.sweep()

    with database.reader() as conn:
        (event,) = actions.find_events(conn, row.task_id)
    assert (event.event, event.host) == (actions.TAKE_OVER, "controller7")
    assert event.details == "abandoned in spawning (time 1)"
