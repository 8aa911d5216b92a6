# SPDX-License-Identifier: Apache-2.0
"""Queries of the scheduler's decisions: what was refused why, and what was weighed how."""

import sqlalchemy as sa
from oslo_utils import timeutils

from minova.db.models import scheduler_decisions


def insert(conn, rows):
    """Add decisions; ``rows`` are dicts of instance_uuid, request_id, attempt, host and decision."""
    if rows:
        now = timeutils.utcnow()
        conn.execute(scheduler_decisions.insert(), [{**row, "created_at": now} for row in rows])


def find_by_instance(conn, instance_uuid):
    """All decisions about an instance that are still kept, oldest first."""
    statement = sa.select(scheduler_decisions).where(scheduler_decisions.c.instance_uuid == instance_uuid)
    return conn.execute(statement.order_by(scheduler_decisions.c.id)).all()


def prune(conn, kept):
    """Delete all but the last ``kept`` decisions; -1 keeps all."""
    if kept < 0:
        return
    # Ids have gaps (of transactions rolled back): a few decisions fewer than ``kept`` may remain.
    newest = conn.execute(sa.select(sa.func.max(scheduler_decisions.c.id))).scalar()
    if newest is not None:
        conn.execute(scheduler_decisions.delete().where(scheduler_decisions.c.id <= newest - kept))
