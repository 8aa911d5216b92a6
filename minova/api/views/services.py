# SPDX-License-Identifier: Apache-2.0
"""How a service looks."""

from minova import servicegroup
from minova.api.views import moments


def detail(row):
    """As in the list of services."""
    return {
        "id": row.id,
        "uuid": row.uuid,
        "binary": row.binary,
        "host": row.host,
        "zone": row.availability_zone,
        "status": "disabled" if row.disabled else "enabled",
        "state": state(row),
        "updated_at": moments.with_fraction(row.updated_at),
        "disabled_reason": row.disabled_reason,
        "forced_down": row.forced_down,
    }


def state(row):
    """Whether it lives."""
    return "up" if servicegroup.is_up(row) else "down"
