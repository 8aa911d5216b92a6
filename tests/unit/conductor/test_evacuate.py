# SPDX-License-Identifier: Apache-2.0
"""Evacuations from the request to the last report: messages, claims and what is on record at each step.

The scheduler is the real one; so claims of the task before and of each attempt meet as they do in a cloud.
"""

import random

import pytest

from minova import exception, objects
from minova.compute import api as compute_api
from minova.compute import rpcapi as compute_rpcapi
from minova.conductor.records import Records
from minova.conductor.tasks.evacuate import Evacuations
from minova.db import actions, allocations, compute_nodes, instances, services
from minova.scheduler import chooser, destinations, extensions, host_manager
from tests import records
from tests.fake_bus import FakeBus


@pytest.fixture
def bus():
    return FakeBus()


class Scheduler:
    """The scheduler as the conductor's query client has it, without a bus between."""

    def __init__(self, database):
        a_chooser = chooser.Chooser(extensions.load_filters(), extensions.load_weighers(), random.Random(1))
        self._destinations = destinations.Destinations(database, host_manager.HostManager(), a_chooser)

    def select_destinations(self, context, request_spec):
        return self._destinations.select(context, request_spec)


@pytest.fixture
def scheduler(database):
    return Scheduler(database)


@pytest.fixture
def make_evacuations(database, bus, scheduler):
    def make(query_client=scheduler):
        return Evacuations(database, Records(database), query_client, compute_rpcapi.ComputeAPI(bus))

    return make


@pytest.fixture
def server(database, bus):
    """An active instance on ``old``, which is down; it asked for that host by name when it was made."""
    for host in ("old", "new1", "new2"):
        records.add_host(database, host)
    row = records.add_instance(database, task_state=None, vm_state="active", host="old", attempt=2)
    spec = records.make_request_spec([row], task_ids=["of the build"], force_host="old").obj_to_primitive()
    with database.writer() as conn:
        instances.set_request_spec(conn, row.uuid, spec)
        # By its build: the first attempt of a task claims as attempt 0.
        assert allocations.claim(conn, row.uuid, 0, "old", 1, 512, 1)
        _force_down(conn, "old")
    return row


def _force_down(conn, host, down=True):
    [service] = services.find(conn, host=host, binary="minova-compute")
    services.update(conn, service.uuid, forced_down=down)


def _begin(database, bus, server, host=None):
    """Ask for the evacuation; returns what a conductor gets."""
    compute_api.API(bus, database).evacuate(records.make_context(), server.uuid, host)
    return bus.last("rebuild_instance")["request_spec"]


def _get(database, server):
    with database.reader() as conn:
        return instances.get(conn, server.uuid)


def _claims(database, server):
    with database.reader() as conn:
        found = sorted(row.host for row in allocations.find_by_instances(conn, [server.uuid]))
        used = sorted(row.host for row in compute_nodes.find(conn) if row.vcpus_used)
    assert used == found
    return found


def _last_action(database, server):
    with database.reader() as conn:
        action = actions.find(conn, server.uuid)[0]
        return action, [(event.event, event.result) for event in actions.find_events(conn, action.id)]


def _finish(database, sent):
    instance = sent["instance"]
    updates = {"vm_state": "active", "task_state": None, "power_state": 1}
    task = instances.Task(instance.task_id, instance.attempt)
    Records(database).update(instance.uuid, task, ["rebuild_spawning"], updates)


def test_a_host_is_claimed_and_told_and_the_old_claim_stays_until_the_end(
    database, bus, server, make_evacuations
):
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))

    row = _get(database, server)
    assert (row.vm_state, row.task_state, row.attempt) == ("active", "rebuild_spawning", 1)
    assert bus.sent() == [
        ("cast", "conductor", "rebuild_instance"),
        ("cast", f"compute.{row.host}", "rebuild_instance"),
    ]
    assert _claims(database, server) == sorted(["old", row.host])
    sent = bus.last("rebuild_instance")
    assert (sent["instance"].host, sent["instance"].attempt) == (row.host, 1)
    assert (sent["instance"].task_state, sent["request_spec"].attempt) == ("rebuild_spawning", 1)

    _finish(database, sent)

    assert _claims(database, server) == [row.host]
    action, events = _last_action(database, server)
    assert (action.action, action.message, events) == ("evacuate", None, [("rebuild_server", "Success")])
    assert action.finish_time is not None


@pytest.mark.parametrize("host", ["new1", "new2"])
def test_a_host_that_is_asked_for_is_the_one(database, bus, server, make_evacuations, host):
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server, host))

    assert _get(database, server).host == host


def test_the_same_message_again_changes_nothing(database, bus, server, make_evacuations):
    spec = _begin(database, bus, server)
    make_evacuations().rebuild(records.make_context(), spec)

    make_evacuations().rebuild(records.make_context(), spec)

    assert len(bus.messages) == 2
    assert _get(database, server).attempt == 1


def test_a_conductor_that_lost_the_answer_gets_it_again(database, bus, server, scheduler, make_evacuations):
    """The claim of the build, of the attempt of the same number, was taken for this answer: the host that is down."""
    spec = _begin(database, bus, server)
    [[lost, *_]] = scheduler.select_destinations(records.make_context(), spec)

    make_evacuations().rebuild(records.make_context(), spec)

    assert lost.host != "old"
    assert _get(database, server).host == lost.host
    assert _claims(database, server) == sorted(["old", lost.host])


def test_no_valid_host_leaves_the_instance_as_it_was(database, bus, server, make_evacuations):
    with database.writer() as conn:
        for host in ("new1", "new2"):
            _force_down(conn, host)

    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))

    row = _get(database, server)
    assert (row.vm_state, row.task_state, row.task_id, row.host) == ("active", None, None, "old")
    assert _claims(database, server) == ["old"]
    action, events = _last_action(database, server)
    assert action.message == "No valid host was found. 3 hosts: ComputeFilter took 3, 0 left."
    assert events == [("rebuild_server", "Error")]
    with database.reader() as conn:
        assert actions.latest_faults(conn, [row.uuid])[row.uuid].message == action.message


def test_a_silent_scheduler_leaves_no_claim_behind(database, bus, server, scheduler, make_evacuations):
    class ClaimsAndIsSilent:
        def select_destinations(self, context, request_spec):
            scheduler.select_destinations(context, request_spec)
            raise exception.ServiceUnavailable(reason="minova-scheduler did not answer.")

    make_evacuations(ClaimsAndIsSilent()).rebuild(records.make_context(), _begin(database, bus, server))

    assert _get(database, server).host == "old"
    assert _claims(database, server) == ["old"]


def test_computes_that_are_pinned_to_an_old_version_are_not_asked(
    conf, database, bus, server, make_evacuations
):
    spec = _begin(database, bus, server)
    conf.config(group="upgrade_levels", compute="1.1")

    make_evacuations().rebuild(records.make_context(), spec)

    assert _last_action(database, server)[0].message == (
        "[upgrade_levels] compute pins the computes to a version that cannot evacuate."
    )
    assert len(bus.messages) == 1
    assert _claims(database, server) == ["old"]


def test_a_host_that_fails_hands_on_to_another(database, bus, server, make_evacuations):
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    first = bus.last("rebuild_instance")

    make_evacuations().reschedule(records.make_context(), first["instance"], first["request_spec"], "no disk")

    row = _get(database, server)
    assert {first["instance"].host, row.host} == {"new1", "new2"}
    assert (row.task_state, row.attempt) == ("rebuild_spawning", 2)
    assert bus.sent()[-1] == ("cast", f"compute.{row.host}", "rebuild_instance")
    assert _claims(database, server) == sorted(["old", row.host])


def test_a_late_word_of_an_earlier_attempt_changes_nothing(database, bus, server, make_evacuations):
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    first = bus.last("rebuild_instance")
    again = (records.make_context(), first["instance"], first["request_spec"], "no disk")
    make_evacuations().reschedule(*again)
    after_one = _get(database, server)

    make_evacuations().reschedule(*again)

    assert _get(database, server) == after_one


def test_a_report_that_comes_while_another_host_is_chosen_is_refused(database, bus, server, make_evacuations):
    """By then the instance is on the host where it began, of which the report says nothing."""
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    Records(database).move_back(_get(database, server))

    with pytest.raises(exception.UnexpectedTaskStateError):
        _finish(database, bus.last("rebuild_instance"))

    row = _get(database, server)
    assert (row.task_state, row.host) == ("rebuilding", "old")
    assert _claims(database, server) == ["old"]


def test_spent_attempts_end_in_error_on_the_host_where_it_began(
    conf, database, bus, server, make_evacuations
):
    conf.config(group="scheduler", max_attempts=1)
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    sent = bus.last("rebuild_instance")

    make_evacuations().reschedule(records.make_context(), sent["instance"], sent["request_spec"], "no disk")

    row = _get(database, server)
    assert (row.vm_state, row.task_state, row.host) == ("error", None, "old")
    assert _claims(database, server) == ["old"]
    assert _last_action(database, server)[0].message == (
        f"Exceeded maximum number of retries. Tried 1 times, last on {sent['instance'].host}: no disk"
    )


def test_a_server_in_error_is_evacuated_again(conf, database, bus, server, make_evacuations):
    test_spent_attempts_end_in_error_on_the_host_where_it_began(conf, database, bus, server, make_evacuations)

    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    _finish(database, bus.last("rebuild_instance"))

    row = _get(database, server)
    assert (row.vm_state, row.host) != ("error", "old")
    assert _claims(database, server) == [row.host]


def test_a_delete_in_the_middle_leaves_one_claim_to_give_back(database, bus, server, make_evacuations):
    """A delete that failed on the new host would have left the server with the claims of an evacuation."""
    make_evacuations().rebuild(records.make_context(), _begin(database, bus, server))
    row = _get(database, server)

    compute_api.API(bus, database).delete(records.make_context(), server.uuid)

    assert bus.sent()[-1] == ("cast", f"compute.{row.host}", "terminate_instance")
    assert _claims(database, server) == [row.host]
    with pytest.raises(exception.UnexpectedTaskStateError):
        _finish(database, {"instance": objects.Instance.from_row(row)})
