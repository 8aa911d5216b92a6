# SPDX-License-Identifier: Apache-2.0
"""How availability zones look: a zone is what the services say that they are in."""

from minova import servicegroup
from minova.api.views import moments

_INTERNAL = "internal"


def summary(rows):
    """Zones that servers can be asked for, by name; a zone is available while a service in it is."""
    zones = _by_zone(rows)
    return [_zone(name, zones[name], None) for name in sorted(zones) if name != _INTERNAL]


def detail(rows):
    """All zones, with their hosts and the services there."""
    zones = _by_zone(rows)
    return [_zone(name, zones[name], _hosts(zones[name])) for name in sorted(zones)]


def _by_zone(rows):
    zones = {}
    for row in rows:
        zones.setdefault(row.availability_zone, []).append(row)
    return zones


def _zone(name, rows, hosts):
    available = any(not row.disabled for row in rows)
    return {"zoneName": name, "zoneState": {"available": available}, "hosts": hosts}


def _hosts(rows):
    hosts = {}
    for row in rows:
        hosts.setdefault(row.host, {})[row.binary] = {
            "active": not row.disabled,
            "available": servicegroup.is_up(row),
            "updated_at": moments.with_fraction(row.updated_at),
        }
    return hosts
