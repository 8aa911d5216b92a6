# SPDX-License-Identifier: Apache-2.0
"""What the REST API reads of instances: one by one and in filtered, sorted pages."""

import dataclasses
import datetime

import sqlalchemy as sa
from oslo_db import exception as db_exc
from oslo_utils import timeutils

from minova import exception
from minova.db.models import instances, services

# All that a user may see. The request_spec stays behind: it is long, and nobody is shown it.
_COLUMNS = [column for column in instances.c if column.name not in ("request_spec", "availability_zone")]
# The zone of an instance is that of its host; without a host, the one that was asked for.
_SERVICE_OF_HOST = (services.c.host == instances.c.host) & (services.c.binary == "minova-compute")
_ZONE = sa.func.coalesce(services.c.availability_zone, instances.c.availability_zone)
_SELECT = sa.select(*_COLUMNS, _ZONE.label("availability_zone")).select_from(
    instances.outerjoin(services, _SERVICE_OF_HOST)
)
_GET = _SELECT.where(instances.c.uuid == sa.bindparam("wanted_uuid"), ~instances.c.deleted)

# NULL has no place in an order that all databases agree on, so nullable columns are sorted by a stand-in.
_EARLIEST = datetime.datetime(1970, 1, 1)  # noqa: DTZ001 - moments in the records are naive UTC
SORT_KEYS = {
    "created_at": instances.c.created_at,
    "display_name": instances.c.display_name,
    "host": sa.func.coalesce(instances.c.host, ""),
    "hostname": instances.c.hostname,
    "image_ref": instances.c.image_ref,
    "launched_at": sa.func.coalesce(instances.c.launched_at, _EARLIEST),
    "power_state": instances.c.power_state,
    "project_id": instances.c.project_id,
    "task_state": sa.func.coalesce(instances.c.task_state, ""),
    "updated_at": instances.c.updated_at,
    "user_id": instances.c.user_id,
    "uuid": instances.c.uuid,
    "vm_state": instances.c.vm_state,
}


@dataclasses.dataclass(frozen=True)
class Query:
    """Which instances, in which order. Every filter that is None lets all pass.

    ``states`` are triples of a vm_state, the task_states that go with it (None: any) and those that do not.
    """

    project_id: str | None = None
    user_id: str | None = None
    deleted: bool | None = False
    states: tuple | None = None
    name_pattern: str | None = None
    host: str | None = None
    image_ref: str | None = None
    flavorid: str | None = None
    reservation_id: str | None = None
    uuids: tuple | None = None
    availability_zone: str | None = None
    power_state: int | None = None
    vm_state: str | None = None
    task_state: str | None = None
    changes_since: datetime.datetime | None = None
    sort: tuple = (("created_at", "desc"),)
    marker: str | None = None
    limit: int = 1000


def get(conn, uuid, project_id=None):
    """A living instance, of ``project_id`` where that is given; all but its request_spec.

    :raises InstanceNotFound:
    """
    row = conn.execute(_GET, {"wanted_uuid": uuid}).first()
    if row is None or project_id not in (None, row.project_id):
        raise exception.InstanceNotFound(instance_id=uuid)
    return row


def find(conn, query):
    """One page of the instances that match.

    :raises MarkerNotFound:
    :raises Invalid: when this database does not understand ``name_pattern``.
    """
    statement = _SELECT.where(*_conditions(query))
    order = [(SORT_KEYS[key], direction) for key, direction in query.sort] + [(instances.c.id, "desc")]
    if query.marker is not None:
        statement = statement.where(_after_marker(conn, query, order))
    statement = statement.order_by(*(getattr(column, direction)() for column, direction in order))
    try:
        return conn.execute(statement.limit(query.limit)).all()
    except db_exc.DBError as err:
        # Regular expressions differ from database to database, and oslo.db has no class for a bad one.
        if query.name_pattern is None or type(err) not in (db_exc.DBError, db_exc.DBDataError):
            raise
        raise exception.Invalid("The database does not understand the regular expression for name") from err


def update(conn, instance_id, **columns):
    """Write columns that no task touches, such as the name, of the row with this primary key."""
    conn.execute(
        instances.update()
        .where(instances.c.id == instance_id)
        .values(updated_at=timeutils.utcnow(), **columns)
    )


def _conditions(query):
    yield from _equalities(query)
    if query.deleted is not None:
        yield instances.c.deleted if query.deleted else ~instances.c.deleted
    if query.states is not None:
        yield sa.or_(sa.false(), *(_in_state(*state) for state in query.states))
    if query.uuids is not None:
        yield instances.c.uuid.in_(query.uuids)
    if query.name_pattern is not None:
        yield instances.c.display_name.regexp_match(query.name_pattern)
    if query.availability_zone is not None:
        yield query.availability_zone == _ZONE
    if query.flavorid is not None:
        yield instances.c.flavor["flavorid"].as_string() == query.flavorid
    if query.changes_since is not None:
        yield instances.c.updated_at >= query.changes_since


def _equalities(query):
    for name in (
        "project_id",
        "user_id",
        "host",
        "image_ref",
        "reservation_id",
        "power_state",
        "vm_state",
        "task_state",
    ):
        wanted = getattr(query, name)
        if wanted is not None:
            yield instances.c[name] == wanted


def _in_state(vm_state, only, but):
    conditions = [instances.c.vm_state == vm_state]
    task_state = sa.func.coalesce(instances.c.task_state, "")
    if only is not None:
        conditions.append(task_state.in_(only))
    if but:
        conditions.append(task_state.not_in(but))
    return sa.and_(*conditions)


def _after_marker(conn, query, order):
    """The rows behind the marker's in this order, which ends in a column that is unique."""
    columns = [column for column, _ in order]
    statement = sa.select(*columns).where(instances.c.uuid == query.marker)
    if query.project_id is not None:
        statement = statement.where(instances.c.project_id == query.project_id)
    marker = conn.execute(statement).first()
    if marker is None:
        raise exception.MarkerNotFound(marker=query.marker)
    behind = []
    for n, (column, direction) in enumerate(order):
        same = [earlier == value for earlier, value in zip(columns[:n], marker[:n], strict=True)]
        further = column < marker[n] if direction == "desc" else column > marker[n]
        behind.append(sa.and_(*same, further))
    return sa.or_(*behind)
