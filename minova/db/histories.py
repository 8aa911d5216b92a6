# SPDX-License-Identifier: Apache-2.0
"""Queries about what has been: instances by name or uuid, deleted ones too, and the present moment."""

import sqlalchemy as sa

from minova.db import engine
from minova.db.models import fixed_ips, instances, networks

_ADDRESSES = sa.select(fixed_ips.c.address, fixed_ips.c.allocated_at, networks.c.label).join_from(
    fixed_ips, networks, networks.c.id == fixed_ips.c.network_id
)


def find_instances(conn, name_or_uuid):
    """All that ever had this uuid or name, the living before the deleted, each with the newest first."""
    statement = sa.select(instances).where(
        sa.or_(instances.c.uuid == name_or_uuid, instances.c.display_name == name_or_uuid)
    )
    return conn.execute(statement.order_by(instances.c.deleted, instances.c.id.desc())).all()


def find_addresses(conn, instance_uuid):
    """The addresses that an instance holds now, with the label of their network."""
    return conn.execute(_ADDRESSES.where(fixed_ips.c.instance_uuid == instance_uuid)).all()


def find_overdue(conn, limit):
    """The living instances whose task is past its deadline, the longest overdue first."""
    statement = sa.select(instances).where(
        instances.c.deadline_epoch < engine.now_epoch(), ~instances.c.deleted
    )
    return conn.execute(statement.order_by(instances.c.deadline_epoch).limit(limit)).all()


def now(conn):
    """Seconds since the epoch by the database's clock."""
    return conn.execute(sa.select(engine.now_epoch())).scalar()
