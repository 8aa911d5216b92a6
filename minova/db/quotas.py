# SPDX-License-Identifier: Apache-2.0
"""Queries of the quotas: what a project may have and what it has."""

import dataclasses

import sqlalchemy as sa

import minova.conf
from minova.db.models import instances, quotas

CONF = minova.conf.CONF
_GET = sa.select(quotas).where(quotas.c.project_id == sa.bindparam("project_id"))
_LOCK = _GET.with_for_update()
_USAGE = sa.select(
    sa.func.count().label("instances"),
    sa.func.coalesce(sa.func.sum(instances.c.vcpus), 0).label("cores"),
    sa.func.coalesce(sa.func.sum(instances.c.memory_mb), 0).label("ram"),
).where(instances.c.project_id == sa.bindparam("project_id"), ~instances.c.deleted)


@dataclasses.dataclass(frozen=True)
class Amounts:
    """Of each resource that is counted; as a limit, -1 means unlimited. ``ram`` is in MB."""

    instances: int
    cores: int
    ram: int


def add_project(conn, project_id):
    """Make the row that ``lock`` locks; its limits are the configured ones.

    :raises oslo_db.exception.DBDuplicateEntry: when it is there already.
    """
    conn.execute(quotas.insert().values(project_id=project_id))


def lock(conn, project_id):
    """The project's limits, or None when it has no row yet; nobody else can count until the transaction ends."""
    row = conn.execute(_LOCK, {"project_id": project_id}).first()
    return None if row is None else _limits(row)


def limits(conn, project_id):
    """The project's limits."""
    return _limits(conn.execute(_GET, {"project_id": project_id}).first())


def usage(conn, project_id):
    """What the living instances of a project use."""
    row = conn.execute(_USAGE, {"project_id": project_id}).one()
    return Amounts(instances=row.instances, cores=int(row.cores), ram=int(row.ram))


def _limits(row):
    resources = [field.name for field in dataclasses.fields(Amounts)]
    own = {} if row is None else row._mapping
    given = {name: own.get(name) for name in resources}
    return Amounts(**{name: CONF.quota[name] if given[name] is None else given[name] for name in resources})
