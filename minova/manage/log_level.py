# SPDX-License-Identifier: Apache-2.0
"""`minova-manage service log-level`."""

from minova import baserpc, context, exception
from minova.db import services
from minova.manage import bus, db


def set_log_level(args):
    with db.opened() as database, database.reader() as conn:
        rows = services.find(conn, binary=args.binary)
    if not rows:
        raise exception.InvalidOption(reason=f"No {args.binary} has reported yet.")
    with bus.opened() as opened:
        for topic in {row.topic for row in rows}:
            baserpc.BaseAPI(opened, topic).set_log_level(context.get_admin_context(), args.level)
    print(f"All {args.binary} processes are told to log from {args.level} on.")
