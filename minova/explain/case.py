# SPDX-License-Identifier: Apache-2.0
"""All that the records say about one server, read at once."""

import dataclasses

from minova import exception
from minova.db import actions, decisions, histories, services
from minova.explain.sentence import count

_NAMED = 10


@dataclasses.dataclass(frozen=True)
class Case:
    """Rows of the records, the oldest first."""

    instance: object
    # Pairs of an action and its events.
    actions: list
    faults: list
    decisions: list
    addresses: list
    services: list
    # Seconds since the epoch by the database's clock.
    now: float
    # Uuids of others of the same name that were deleted, the newest first.
    namesakes: tuple = ()

    @property
    def uuid(self):
        return self.instance.uuid

    @property
    def name(self):
        return self.instance.display_name

    def service(self, host, binary):
        """The row of a service, or None."""
        return next((row for row in self.services if (row.host, row.binary) == (host, binary)), None)


def read(database, name_or_uuid):
    """:raises InstanceNotFound:
    :raises Conflict: when several living instances have this name."""
    with database.reader() as conn:
        rows = histories.find_instances(conn, name_or_uuid)
        row = _the_one(rows, name_or_uuid)
        return Case(
            instance=row,
            actions=_actions(conn, row.uuid),
            faults=actions.find_faults(conn, row.uuid),
            decisions=decisions.find_by_instance(conn, row.uuid),
            addresses=histories.find_addresses(conn, row.uuid),
            services=services.find(conn),
            now=histories.now(conn),
            namesakes=tuple(other.uuid for other in rows if other.deleted and other.uuid != row.uuid),
        )


def some(uuids):
    """The first of them, and how many more there are."""
    more = f" and {len(uuids) - _NAMED} more" if len(uuids) > _NAMED else ""
    return f"{', '.join(uuids[:_NAMED])}{more}"


def _the_one(rows, name_or_uuid):
    if not rows:
        raise exception.InstanceNotFound(instance_id=name_or_uuid)
    living = [row for row in rows if not row.deleted]
    if len(living) > 1 and all(row.uuid != name_or_uuid for row in rows):
        named = some([row.uuid for row in living])
        raise exception.Conflict(
            f"{count(len(living), 'server')} are named {name_or_uuid}: {named}. Give the uuid of one."
        )
    return next((row for row in rows if row.uuid == name_or_uuid), rows[0])


def _actions(conn, uuid):
    rows = list(reversed(actions.find(conn, uuid)))
    return [(row, list(reversed(actions.find_events(conn, row.id)))) for row in rows]
