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
