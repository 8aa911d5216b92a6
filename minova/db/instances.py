# SPDX-License-Identifier: Apache-2.0
"""Queries of the instances and the one rule for changing them: compare-and-swap on the task.

A task is one action on one instance; its id is that of its action record. While it runs, the instance holds
``task_id``, ``attempt``, ``task_state`` and a deadline. Whoever writes names the task it works on, and is
refused (UnexpectedTaskStateError) once another has taken the instance over.
"""

import dataclasses

import sqlalchemy as sa
from oslo_utils import timeutils

from minova import exception
from minova.compute import vm_states
from minova.db import engine
from minova.db.models import instances
from minova.virt import power_state as power_states

# Made once: SQLAlchemy takes three times as long to make such a statement as to execute it.
_GET = sa.select(instances).where(instances.c.uuid == sa.bindparam("wanted_uuid"), ~instances.c.deleted)
_GET_LOCKED = _GET.with_for_update()
_FIND_BY_TASK = (
    sa.select(instances)
    # By the index of the deadlines: only a running task has one.
    .where(instances.c.task_id.in_(sa.bindparam("task_ids", expanding=True)), instances.c.deadline_epoch > 0)
    .order_by(instances.c.id)
)
# The columns to set are those that the parameters name beside held_*.
_END_HELD = instances.update().where(
    instances.c.uuid == sa.bindparam("held_uuid"),
    ~instances.c.deleted,
    instances.c.task_id == sa.bindparam("held_task_id"),
    instances.c.attempt == sa.bindparam("held_attempt"),
    instances.c.task_state.in_(sa.bindparam("held_task_states", expanding=True)),
    sa.or_(instances.c.host.is_not(None), sa.bindparam("held_on_no_host", type_=sa.Boolean)),
)
_UPDATE_HELD = _END_HELD.values(deadline_epoch=engine.now_epoch() + sa.bindparam("deadline_seconds"))
_END_LAUNCHED = _END_HELD.values(
    launched_at=sa.func.coalesce(
        instances.c.launched_at, sa.bindparam("launch_moment", type_=instances.c.launched_at.type)
    )
)


@dataclasses.dataclass(frozen=True)
class Task:
    """On whose behalf a worker writes: one try of one action."""

    id: str
    attempt: int

    def __str__(self):
        return f"task {self.id}, attempt {self.attempt}"


def insert(conn, rows, deadline_seconds=None):
    """Add instances; ``rows`` are dicts of columns, all with the same keys.

    :param deadline_seconds: how long their tasks have, where the rows do not say.
    """
    statement = instances.insert()
    if deadline_seconds is not None:
        statement = statement.values(deadline_epoch=engine.now_epoch() + deadline_seconds)
    conn.execute(statement, rows)


def find(conn, uuid):
    """A living instance, or None."""
    return conn.execute(_GET, {"wanted_uuid": uuid}).first()


def get(conn, uuid, project_id=None, lock=False):
    """A living instance, of ``project_id`` where that is given.

    :param lock: keep others from changing it until the transaction ends.
    :raises InstanceNotFound:
    """
    row = conn.execute(_GET_LOCKED if lock else _GET, {"wanted_uuid": uuid}).first()
    if row is None or project_id not in (None, row.project_id):
        raise exception.InstanceNotFound(instance_id=uuid)
    return row


def get_held(conn, uuid, task):
    """The instance, kept from others until the transaction ends, if ``task`` still holds it.

    :raises UnexpectedTaskStateError: when it does not, or the instance is deleted.
    """
    row = conn.execute(_GET_LOCKED, {"wanted_uuid": uuid}).first()
    if row is None or (row.task_id, row.attempt) != (task.id, task.attempt):
        raise exception.UnexpectedTaskStateError(
            instance_id=uuid, expected=str(task), actual=_where_it_is(row)
        )
    return row


def find_by_task(conn, task_ids):
    """The living instances on which these tasks still run."""
    return conn.execute(_FIND_BY_TASK, {"task_ids": task_ids}).all()


def find_by_hosts(conn, hosts):
    """The living instances that belong to some hosts."""
    statement = sa.select(instances).where(instances.c.host.in_(hosts), ~instances.c.deleted)
    return conn.execute(statement.order_by(instances.c.id)).all()


def begin_task(conn, row, task_id, task_state, deadline_seconds):
    """Start a task on ``row``, taking the instance away from whatever task held it.

    :raises UnexpectedTaskStateError: when the instance changed since ``row`` was read.
    """
    unchanged = [
        instances.c.vm_state == row.vm_state,
        instances.c.task_state.is_not_distinct_from(row.task_state),
        instances.c.task_id.is_not_distinct_from(row.task_id),
    ]
    values = {"task_state": task_state, "task_id": task_id, "attempt": 0, "takeovers": 0}
    values["deadline_epoch"] = engine.now_epoch() + deadline_seconds
    _swap(conn, row.uuid, unchanged, values, f"task_state {row.task_state}")


def set_request_spec(conn, uuid, request_spec):
    """Change what a recovery asks the scheduler for, in the transaction that begins the task (a primitive)."""
    conn.execute(instances.update().where(instances.c.uuid == uuid).values(request_spec=request_spec))


def update_task(conn, uuid, task, expected_task_states, deadline_seconds, on_no_host=True, **values):
    """Write ``values`` on behalf of a running task and move its deadline.

    A ``task_state`` of None in ``values`` ends the task.

    :param on_no_host: whether it may be on no host. Not so for a compute: an instance that was taken off its host
        keeps its attempt until it is given to the next.
    :raises UnexpectedTaskStateError: when the task no longer holds the instance.
    """
    held = {
        "held_uuid": uuid,
        "held_task_id": task.id,
        "held_attempt": task.attempt,
        "held_task_states": expected_task_states,
        "held_on_no_host": on_no_host,
        "updated_at": timeutils.utcnow(),
    }
    if "task_state" in values and values["task_state"] is None:
        values |= {"task_id": None, "deadline_epoch": None}
        statement = _END_HELD
        if "launched_at" in values:
            held["launch_moment"] = values.pop("launched_at")
            statement = _END_LAUNCHED
    else:
        values["takeovers"] = 0
        held["deadline_seconds"] = deadline_seconds
        statement = _UPDATE_HELD
    if not conn.execute(statement, {**held, **values}).rowcount:
        _raise_unexpected(conn, uuid, f"{task} in {'/'.join(expected_task_states)}")


def extend_deadlines(conn, tasks, deadline_seconds):
    """Move the deadlines of all of ``tasks`` that still hold their instances: they are worked on.

    :returns: those that do not.
    """
    values = {"deadline_epoch": engine.now_epoch() + deadline_seconds, "takeovers": 0}
    return [task for task in tasks if not conn.execute(_of_task(task).values(**values)).rowcount]


def hand_back(conn, tasks):
    """Have those of ``tasks`` that still hold their instances taken over at the next sweep: their worker ends."""
    for task in tasks:
        conn.execute(_of_task(task).values(deadline_epoch=engine.now_epoch()))


def make_due(conn, task_ids):
    """Have tasks taken over at the next sweep: nobody was told of them yet."""
    first_tries = instances.update().where(instances.c.task_id.in_(task_ids), instances.c.attempt == 0)
    conn.execute(first_tries.values(deadline_epoch=engine.now_epoch()))


def has_overdue(conn):
    """Whether there is any task whose deadline has passed."""
    overdue = sa.select(instances.c.id).where(instances.c.deadline_epoch < engine.now_epoch())
    return conn.execute(overdue.limit(1)).first() is not None


def forget_takeover(conn, task):
    """Count one takeover less."""
    values = {"takeovers": instances.c.takeovers - 1}
    conn.execute(_of_task(task).where(instances.c.takeovers > 0).values(**values))


def take_over_overdue(conn, limit, deadline_seconds):
    """Take over tasks whose deadline has passed, each by one taker only: they get a new deadline.

    :returns: the instances as they are now; ``takeovers`` counts this one, too.
    """
    overdue = sa.select(instances.c.uuid).where(
        instances.c.deadline_epoch < engine.now_epoch(), ~instances.c.deleted
    )
    locked = overdue.order_by(instances.c.deadline_epoch).limit(limit).with_for_update(skip_locked=True)
    uuids = conn.execute(locked).scalars().all()
    if not uuids:
        return []
    values = {"takeovers": instances.c.takeovers + 1, "deadline_epoch": engine.now_epoch() + deadline_seconds}
    conn.execute(instances.update().where(instances.c.uuid.in_(uuids)).values(**values))
    return conn.execute(sa.select(instances).where(instances.c.uuid.in_(uuids))).all()


def delete(conn, row):
    """Mark an instance as deleted; its claims and addresses are the caller's to release.

    :param row: the instance as read in this transaction, with its lock.
    """
    now = timeutils.utcnow()
    conn.execute(
        instances.update()
        .where(instances.c.id == row.id)
        .values(
            vm_state=vm_states.DELETED,
            task_state=None,
            task_id=None,
            deadline_epoch=None,
            power_state=0,
            deleted=True,
            deleted_at=now,
            terminated_at=now,
            updated_at=now,
        )
    )


def set_power_state(conn, row, power_state):
    """Note the power state of an instance that no task holds; without power, an active one is stopped.

    :param row: the instance as read in this transaction, with its lock.
    """
    values = {"power_state": power_state, "updated_at": timeutils.utcnow()}
    if row.vm_state in (vm_states.ACTIVE, vm_states.STOPPED):
        runs = power_state == power_states.RUNNING
        values["vm_state"] = vm_states.ACTIVE if runs else vm_states.STOPPED
    conn.execute(instances.update().where(instances.c.id == row.id).values(**values))


def _of_task(task):
    """An update of the instance that a task holds, found by the index of the deadlines."""
    return instances.update().where(
        instances.c.deadline_epoch > 0, instances.c.task_id == task.id, instances.c.attempt == task.attempt
    )


def _swap(conn, uuid, conditions, values, expected):
    statement = instances.update().where(instances.c.uuid == uuid, ~instances.c.deleted, *conditions)
    if conn.execute(statement.values(updated_at=timeutils.utcnow(), **values)).rowcount:
        return
    _raise_unexpected(conn, uuid, expected)


def _raise_unexpected(conn, uuid, expected):
    row = conn.execute(_GET, {"wanted_uuid": uuid}).first()
    raise exception.UnexpectedTaskStateError(instance_id=uuid, expected=expected, actual=_where_it_is(row))


def _where_it_is(row):
    if row is None:
        return "deleted"
    return f"{row.task_state} of {Task(row.task_id, row.attempt)}"
