# SPDX-License-Identifier: Apache-2.0
"""Queries of what was done to instances: actions, their events, and faults.

An action record is the task itself: its id is the ``task_id`` that the instance holds while it runs.
"""

import sqlalchemy as sa
from oslo_utils import timeutils

from minova import exception
from minova.db.models import instance_action_events, instance_actions, instance_faults

_UPDATE = instance_actions.update().where(instance_actions.c.id == sa.bindparam("wanted_id"))
_INSERT_EVENT = instance_action_events.insert()
# Names of events that a conductor notes; those of the computes stand where they are sent.
RESCHEDULE = "conductor_reschedule_instance"
TAKE_OVER = "conductor_take_over_task"


def start(conn, context, instance_uuid, action, task_id):
    """Record that ``action`` (Nova's word: create, stop, reboot, ...) begins."""
    start_many(conn, context, {task_id: instance_uuid}, action)


def start_many(conn, context, instance_uuids_by_task, action):
    """Record the same action of one request on several instances."""
    now = timeutils.utcnow()
    same = {
        "action": action,
        "request_id": context.request_id,
        "user_id": context.user_id,
        "project_id": context.project_id,
        "start_time": now,
        "updated_at": now,
    }
    rows = [{"id": task, "instance_uuid": uuid, **same} for task, uuid in instance_uuids_by_task.items()]
    conn.execute(instance_actions.insert(), rows)


def finish(conn, task_id, message=None):
    """Record that a task ended; ``message`` says why it failed, None that it did not."""
    now = timeutils.utcnow()
    columns = {"finish_time": now, "updated_at": now, "message": message}
    conn.execute(_UPDATE, {"wanted_id": task_id, **columns})


def find(conn, instance_uuid):
    """The actions of an instance, newest first."""
    statement = sa.select(instance_actions).where(instance_actions.c.instance_uuid == instance_uuid)
    return conn.execute(statement.order_by(instance_actions.c.start_time.desc())).all()


def get(conn, instance_uuid, request_id):
    """:raises ActionNotFound:"""
    statement = sa.select(instance_actions).where(
        instance_actions.c.instance_uuid == instance_uuid, instance_actions.c.request_id == request_id
    )
    row = conn.execute(statement).first()
    if row is None:
        raise exception.ActionNotFound(request_id=request_id, instance_id=instance_uuid)
    return row


def get_by_id(conn, task_id):
    """The action record of a task, or None."""
    return conn.execute(sa.select(instance_actions).where(instance_actions.c.id == task_id)).first()


def add_event(conn, task_id, event, host, start_time, error=None):
    """Record one step of an action that has just ended, with the text of its error if it failed."""
    now = timeutils.utcnow()
    conn.execute(
        _INSERT_EVENT,
        {
            "action_id": task_id,
            "event": event,
            "host": host,
            "start_time": start_time,
            "finish_time": now,
            "result": "Error" if error else "Success",
            "details": error,
        },
    )


def find_events(conn, task_id):
    """The events of an action, newest first."""
    statement = sa.select(instance_action_events).where(instance_action_events.c.action_id == task_id)
    return conn.execute(statement.order_by(instance_action_events.c.id.desc())).all()


def add_fault(conn, instance_uuid, code, message, host=None, details=None):
    """Record why an instance failed; ``message`` is shown to its owner, ``details`` to administrators."""
    conn.execute(
        instance_faults.insert().values(
            instance_uuid=instance_uuid,
            code=code,
            message=message,
            details=details,
            host=host,
            created_at=timeutils.utcnow(),
        )
    )


def find_faults(conn, instance_uuid):
    """All faults of an instance, oldest first."""
    statement = sa.select(instance_faults).where(instance_faults.c.instance_uuid == instance_uuid)
    return conn.execute(statement.order_by(instance_faults.c.id)).all()


def latest_faults(conn, instance_uuids):
    """The newest fault of each instance that has one, by uuid."""
    newest = (
        sa.select(sa.func.max(instance_faults.c.id))
        .where(instance_faults.c.instance_uuid.in_(instance_uuids))
        .group_by(instance_faults.c.instance_uuid)
    )
    rows = conn.execute(sa.select(instance_faults).where(instance_faults.c.id.in_(newest)))
    return {row.instance_uuid: row for row in rows}
