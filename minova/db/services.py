# SPDX-License-Identifier: Apache-2.0
"""Queries of the services: who reported when, who is disabled. Rows carry ``seconds_since_report``."""

import sqlalchemy as sa
from oslo_utils import timeutils, uuidutils

from minova import exception
from minova.db import engine
from minova.db.models import services

_ROW = sa.select(services, (engine.now_epoch() - services.c.last_seen_epoch).label("seconds_since_report"))


def report(conn, host, binary, topic, availability_zone):
    """Note that a service lives; its record is made at its first report."""
    seen = {"last_seen_epoch": engine.now_epoch(), "updated_at": timeutils.utcnow()}
    statement = services.update().where(services.c.host == host, services.c.binary == binary)
    if conn.execute(statement.values(report_count=services.c.report_count + 1, **seen)).rowcount:
        return
    conn.execute(
        services.insert().values(
            uuid=uuidutils.generate_uuid(),
            host=host,
            binary=binary,
            topic=topic,
            availability_zone=availability_zone,
            report_count=1,
            created_at=timeutils.utcnow(),
            **seen,
        )
    )


def pass_over_outage(conn, recorder, reporter, longest_seconds):
    """Have no silence of ``reporter`` services count from a time in which no ``recorder`` wrote their reports down.

    To be followed by the caller's own report, in the same transaction: that ends the time. Both are binaries.

    :param longest_seconds: a shorter time counts as usual.
    """
    # Locked, so that of several recorders that come back at once the first alone finds the outage.
    locked = (
        sa.select(services.c.last_seen_epoch).where(services.c.binary == recorder).order_by(services.c.id)
    )
    epochs = conn.execute(locked.with_for_update()).scalars().all()
    now_epoch = conn.execute(sa.select(engine.now_epoch())).scalar()
    if not epochs or now_epoch - max(epochs) <= longest_seconds:
        return
    later = services.c.last_seen_epoch + (now_epoch - max(epochs))
    values = {"last_seen_epoch": sa.case((later > now_epoch, now_epoch), else_=later)}
    conn.execute(services.update().where(services.c.binary == reporter).values(**values))


def find(conn, host=None, binary=None):
    """All services, or those of ``host`` and of ``binary``, oldest first."""
    statement = _ROW.order_by(services.c.id)
    if host is not None:
        statement = statement.where(services.c.host == host)
    if binary is not None:
        statement = statement.where(services.c.binary == binary)
    return conn.execute(statement).all()


def get(conn, uuid):
    """:raises ServiceNotFound:"""
    row = conn.execute(_ROW.where(services.c.uuid == uuid)).first()
    if row is None:
        raise exception.ServiceNotFound(service_id=uuid)
    return row


def update(conn, uuid, **values):
    """Set ``disabled``, ``disabled_reason`` or ``forced_down``.

    :raises ServiceNotFound:
    """
    values["updated_at"] = timeutils.utcnow()
    if not conn.execute(services.update().where(services.c.uuid == uuid).values(**values)).rowcount:
        raise exception.ServiceNotFound(service_id=uuid)


def delete(conn, uuid):
    """:raises ServiceNotFound:"""
    if not conn.execute(services.delete().where(services.c.uuid == uuid)).rowcount:
        raise exception.ServiceNotFound(service_id=uuid)
