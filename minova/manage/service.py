# SPDX-License-Identifier: Apache-2.0
"""`minova-manage service list`; the commands that need the bus are in ping.py and log_level.py."""

from minova import servicegroup
from minova.db import services
from minova.manage import db, table

_HEADER = ("Binary", "Host", "Zone", "Status", "State", "Last seen")


def show_all(_args):
    with db.opened() as database, database.reader() as conn:
        rows = services.find(conn)
    if rows:
        print(table.render(_HEADER, [_cells(row) for row in rows]))
    else:
        print("No service has reported yet.")


def state(row):
    return "up" if servicegroup.is_up(row) else "down"


def status(row):
    return "disabled" if row.disabled else "enabled"


def _cells(row):
    last_seen = f"{row.seconds_since_report:.0f} s ago"
    return row.binary, row.host, row.availability_zone, status(row), state(row), last_seen
