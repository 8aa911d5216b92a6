# SPDX-License-Identifier: Apache-2.0
"""The transactions of the conductor: what one outcome changes, all of it or nothing."""

import datetime

from oslo_utils import timeutils

import minova.conf
from minova import exception
from minova.compute import task_states, vm_states
from minova.db import actions, allocations, engine, instances

CONF = minova.conf.CONF
_EVACUATION_EVENT = "rebuild_server"
_UPDATABLE = {"vm_state", "task_state", "power_state", "network_info", "progress"}


class Records:
    """Each method is one transaction, run again where the database says that it met another."""

    def __init__(self, database):
        self._db = database

    @engine.retry_on_deadlock
    def update(self, instance_uuid, task, expected_task_states, updates, event=None):
        """Write what a worker reports of its task, with the step that it ended.

        :raises Invalid: when a column is not the worker's to write.
        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        if unknown := set(updates) - _UPDATABLE:
            raise exception.Invalid(reason=f"not to be updated: {', '.join(sorted(unknown))}")
        values = dict(updates)
        if values.get("vm_state") == vm_states.ACTIVE:
            values["launched_at"] = timeutils.utcnow()
        with self._db.writer() as conn:
            deadline_seconds = CONF.task.deadline_seconds
            instances.update_task(
                conn, instance_uuid, task, expected_task_states, deadline_seconds, on_no_host=False, **values
            )
            ended = "task_state" in values and values["task_state"] is None
            if ended and task_states.REBUILD_SPAWNING in expected_task_states:
                allocations.release_all_but(conn, instance_uuid, instances.get(conn, instance_uuid).host)
            _note(conn, instance_uuid, task, event, ended)

    @engine.retry_on_deadlock
    def destroy(self, instance_uuid, task, event=None):
        """Delete an instance whose guest is gone, with its claims.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            row = instances.get_held(conn, instance_uuid, task)
            instances.delete(conn, row)
            allocations.release(conn, instance_uuid)
            _note(conn, instance_uuid, task, event, ended=True)

    @engine.retry_on_deadlock
    def fail(self, instance_uuid, task, error, details=None):
        """End a build for good: ERROR, with the fault that says why, and no claim left.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            row = instances.get_held(conn, instance_uuid, task)
            instances.update_task(
                conn,
                instance_uuid,
                task,
                [row.task_state],
                CONF.task.deadline_seconds,
                vm_state=vm_states.ERROR,
                task_state=None,
                host=None,
                # Freed by the compute that failed, or by the network service when it sees them abandoned.
                network_info=[],
            )
            allocations.release(conn, instance_uuid)
            actions.add_fault(conn, instance_uuid, error.code, error.message, row.host, details)
            actions.finish(conn, task.id, error.message)

    @engine.retry_on_deadlock
    def assign(self, row, host):
        """Give an instance to ``host``, which the scheduler has claimed, as the next attempt of its build.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            _assign(conn, row, host, [task_states.SCHEDULING])

    @engine.retry_on_deadlock
    def claim_and_assign(self, row, host, size):
        """Give an instance to ``host`` as the next attempt of its build, with the claim that it had elsewhere.

        :param size: the (vcpus, memory_mb, local_gb) to claim.
        :returns: False when the host has no room; then nothing is changed.
        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            instances.get_held(conn, row.uuid, instances.Task(row.task_id, row.attempt))
            allocations.release(conn, row.uuid)
            if not allocations.claim(conn, row.uuid, row.attempt + 1, host, *size):
                conn.rollback()
                return False
            _assign(conn, row, host, task_states.BUILD_STATES)
            actions.add_event(conn, row.task_id, actions.RESCHEDULE, host, timeutils.utcnow())
            return True

    @engine.retry_on_deadlock
    def note_step(self, row, event, host, start_time, error):
        """Put a step of a task on record that failed without ending it, for those who ask what happened."""
        with self._db.writer() as conn:
            actions.add_event(conn, row.task_id, event, host, start_time, error)

    @engine.retry_on_deadlock
    def unassign(self, row, expected_task_states):
        """Take an instance off its host, with the claim, so that the scheduler can choose anew.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        task = instances.Task(row.task_id, row.attempt)
        deadline_seconds = CONF.task.deadline_seconds
        values = {"host": None, "task_state": task_states.SCHEDULING}
        with self._db.writer() as conn:
            instances.update_task(conn, row.uuid, task, expected_task_states, deadline_seconds, **values)
            allocations.release(conn, row.uuid)

    @engine.retry_on_deadlock
    def move(self, row, host, started_at):
        """Give an instance that is evacuated to ``host``, which the scheduler has claimed, as the next attempt.

        The claim on the host that it leaves stays until it is made anew: the way back.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        task = instances.Task(row.task_id, row.attempt)
        values = {"host": host, "attempt": row.attempt + 1, "task_state": task_states.REBUILD_SPAWNING}
        deadline_seconds = CONF.task.deadline_seconds
        with self._db.writer() as conn:
            instances.update_task(conn, row.uuid, task, [task_states.REBUILDING], deadline_seconds, **values)
            actions.add_event(conn, task.id, _EVACUATION_EVENT, CONF.host, started_at)

    @engine.retry_on_deadlock
    def move_back(self, row):
        """Return an instance to the host that it was to leave, so that the scheduler can choose anew.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        task = instances.Task(row.task_id, row.attempt)
        deadline_seconds = CONF.task.deadline_seconds
        with self._db.writer() as conn:
            instances.get_held(conn, row.uuid, task)
            values = {"host": _home(conn, row), "task_state": task_states.REBUILDING}
            instances.update_task(
                conn, row.uuid, task, [task_states.REBUILD_SPAWNING], deadline_seconds, **values
            )
            allocations.release_all_but(conn, row.uuid, values["host"])

    @engine.retry_on_deadlock
    def fail_evacuation(self, instance_uuid, task, error, started_at):
        """End an evacuation that came to nothing, with the fault that says why, on the host where it began.

        Until it was given to another host the instance is as it was. Afterwards the old host may have come back and
        destroyed its guest, which was not its own any more: so it is in ERROR.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            row = instances.get_held(conn, instance_uuid, task)
            values = {"host": _home(conn, row), "task_state": None}
            if row.attempt:
                values["vm_state"] = vm_states.ERROR
            deadline_seconds = CONF.task.deadline_seconds
            instances.update_task(conn, row.uuid, task, [row.task_state], deadline_seconds, **values)
            allocations.release_all_but(conn, row.uuid, values["host"])
            actions.add_event(conn, task.id, _EVACUATION_EVENT, CONF.host, started_at, error.message)
            actions.add_fault(conn, row.uuid, error.code, error.message, row.host)
            actions.finish(conn, task.id, error.message)

    @engine.retry_on_deadlock
    def abandon(self, instance_uuid, task, error):
        """End a task on an instance that has a guest, for good: ERROR, with the fault that says why.

        :raises UnexpectedTaskStateError: when the task no longer holds the instance.
        """
        with self._db.writer() as conn:
            row = instances.get_held(conn, instance_uuid, task)
            values = {"vm_state": vm_states.ERROR, "task_state": None}
            deadline_seconds = CONF.task.deadline_seconds
            instances.update_task(conn, instance_uuid, task, [row.task_state], deadline_seconds, **values)
            actions.add_fault(conn, instance_uuid, error.code, error.message, row.host)
            actions.finish(conn, task.id, error.message)

    @engine.retry_on_deadlock
    def take_over_overdue(self, limit):
        """Instances whose task nobody keeps up, taken over by the caller alone."""
        with self._db.reader() as conn:
            # Mostly there is none, and to look takes no lock.
            if not instances.has_overdue(conn):
                return []
        with self._db.writer() as conn:
            return instances.take_over_overdue(conn, limit, CONF.task.deadline_seconds)

    @engine.retry_on_deadlock
    def forget_takeover(self, row):
        """Not count a takeover that came to nothing because the broker is away."""
        with self._db.writer() as conn:
            instances.forget_takeover(conn, instances.Task(row.task_id, row.attempt))

    @engine.retry_on_deadlock
    def sync_power_state(self, instance_uuid, host, power_state):
        """Note what a guest did by itself; one that no longer runs makes its instance a stopped one.

        An instance that a task works on, or that lives elsewhere by now, is left alone.
        """
        with self._db.writer() as conn:
            row = instances.get(conn, instance_uuid, lock=True)
            if row.task_state is None and row.host == host:
                instances.set_power_state(conn, row, power_state)


def _assign(conn, row, host, expected_task_states):
    task = instances.Task(row.task_id, row.attempt)
    values = {"host": host, "attempt": row.attempt + 1, "task_state": task_states.SCHEDULING}
    instances.update_task(conn, row.uuid, task, expected_task_states, CONF.task.deadline_seconds, **values)


def _home(conn, row):
    """The host on which an evacuation began."""
    return allocations.find_set_aside(conn, row.uuid) or row.host


def _note(conn, instance_uuid, task, event, ended):
    """Put a step, the fault that ended it and the end of its action on record."""
    error = event.get("error") if event else None
    if event:
        started_at = datetime.datetime.fromisoformat(event["start_time"])
        actions.add_event(conn, task.id, event["name"], event["host"], started_at, error)
    if error:
        actions.add_fault(conn, instance_uuid, 500, error, event["host"])
    if ended:
        actions.finish(conn, task.id, error)
