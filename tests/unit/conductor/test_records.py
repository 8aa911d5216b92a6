# SPDX-License-Identifier: Apache-2.0
"""The conductor's transactions: who may write, and that all of an outcome is written or nothing."""

import pytest

from minova import exception
from minova.compute import task_states
from minova.conductor.records import Records
from minova.db import actions, allocations, compute_nodes, instances
from minova.db.instances import Task
from tests import records

_EVENT = {"name": "compute_stop_instance", "host": "host1", "start_time": "2026-01-01T00:00:00"}


def _get(database, uuid):
    with database.reader() as conn:
        return instances.get(conn, uuid)


@pytest.mark.parametrize(
    ("task", "expected"),
    [(Task("other", 1), ["spawning"]), (Task(None, 2), ["spawning"]), (Task(None, 1), ["deleting"])],
    ids=["another task", "another attempt", "another state"],
)
def test_a_worker_that_lost_its_task_writes_nothing(database, task, expected):
    row = records.add_instance(database, task_state="spawning", attempt=1, host="host1")
    task = Task(task.id or row.task_id, task.attempt)

    with pytest.raises(exception.UnexpectedTaskStateError):
        Records(database).update(row.uuid, task, expected, {"vm_state": "active", "task_state": None}, _EVENT)

    assert _get(database, row.uuid) == row
    with database.reader() as conn:
        assert actions.find_events(conn, row.task_id) == []


@pytest.mark.parametrize("task_state", ["spawning", None])
def test_a_worker_on_a_host_that_lost_the_instance_writes_nothing(database, task_state):
    # A host was silent while it spawned, and a conductor took the instance off it to ask for another. The compute woke
    # up before that was found: its attempt was still the present one, so the instance became active on no host at all.
    row = records.add_instance(database, task_state="spawning", attempt=1, host="host1")
    Records(database).unassign(row, ["spawning"])
    unassigned = _get(database, row.uuid)

    with pytest.raises(exception.UnexpectedTaskStateError):
        Records(database).update(
            row.uuid, Task(row.task_id, 1), task_states.BUILD_STATES, {"task_state": task_state}
        )

    assert _get(database, row.uuid) == unassigned


def test_the_end_of_a_task_frees_the_instance_and_finishes_the_action(database):
    row = records.add_instance(database, task_state="spawning", attempt=1, host="host1")

    updates = {"vm_state": "active", "task_state": None, "power_state": 1}
    Records(database).update(row.uuid, Task(row.task_id, 1), ["spawning"], updates, _EVENT)

    after = _get(database, row.uuid)
    assert (after.vm_state, after.task_state, after.task_id, after.deadline_epoch) == (
        "active",
        None,
        None,
        None,
    )
    assert after.launched_at is not None
    with database.reader() as conn:
        (action,) = actions.find(conn, row.uuid)
        (event,) = actions.find_events(conn, row.task_id)
    assert action.finish_time is not None
    assert action.message is None
    assert (event.event, event.result) == ("compute_stop_instance", "Success")


def test_progress_moves_the_deadline(database):
    row = records.add_instance(database, attempt=1, host="host1", deadline_epoch=1.0)

    Records(database).update(row.uuid, Task(row.task_id, 1), ["scheduling"], {"task_state": "spawning"})

    assert _get(database, row.uuid).deadline_epoch > 1.0


def test_a_column_that_is_not_the_workers_is_refused(database):
    row = records.add_instance(database, attempt=1, host="host1")

    with pytest.raises(exception.Invalid, match="project_id"):
        Records(database).update(row.uuid, Task(row.task_id, 1), ["scheduling"], {"project_id": "mine"})


def test_a_failed_step_leaves_a_fault(database):
    row = records.add_instance(database, task_state="powering-off", vm_state="active", host="host1")

    event = {**_EVENT, "error": "the power button is broken"}
    Records(database).update(row.uuid, Task(row.task_id, 0), ["powering-off"], {"task_state": None}, event)

    with database.reader() as conn:
        assert actions.latest_faults(conn, [row.uuid])[row.uuid].message == "the power button is broken"
        assert actions.find(conn, row.uuid)[0].message == "the power button is broken"


def test_deleting_gives_the_claims_back_once(database):
    records.add_host(database, "host1")
    row = records.add_instance(database, task_state="deleting", vm_state="active", host="host1")
    with database.writer() as conn:
        allocations.claim(conn, row.uuid, 0, "host1", 1, 512, 1)

    Records(database).destroy(row.uuid, Task(row.task_id, 0))
    with pytest.raises(exception.UnexpectedTaskStateError):
        Records(database).destroy(row.uuid, Task(row.task_id, 0))

    with database.reader() as conn:
        (node,) = compute_nodes.find(conn)
    assert (node.vcpus_used, node.memory_mb_used, node.local_gb_used) == (0, 0, 0)


@pytest.mark.parametrize(
    ("power_state", "vm_state"),
    [(4, "stopped"), (6, "stopped"), (1, "active")],
    ids=["shut", "crashed", "up"],
)
def test_a_guest_that_acts_by_itself_is_believed(database, power_state, vm_state):
    row = records.add_instance(database, task_state=None, vm_state="active", host="host1", power_state=1)

    Records(database).sync_power_state(row.uuid, "host1", power_state)

    after = _get(database, row.uuid)
    assert (after.vm_state, after.power_state) == (vm_state, power_state)


@pytest.mark.parametrize(
    ("task_state", "host"), [("deleting", "host1"), (None, "host2")], ids=["busy", "elsewhere"]
)
def test_a_power_state_that_is_not_the_instances_is_ignored(database, task_state, host):
    row = records.add_instance(database, task_state=task_state, vm_state="active", host=host, power_state=1)

    Records(database).sync_power_state(row.uuid, "host1", 4)

    assert _get(database, row.uuid) == row
