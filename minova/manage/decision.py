# SPDX-License-Identifier: Apache-2.0
"""`minova-manage decision show`: how the scheduler placed an instance, or why it could not."""

from minova import exception
from minova.db import decisions
from minova.manage import db
from minova.scheduler import explanation


def show(args):
    with db.opened() as database, database.reader() as conn:
        rows = decisions.find_by_instance(conn, args.instance_uuid)
    if not rows:
        raise exception.NotFound(f"No decision about instance {args.instance_uuid} is kept.")
    print("\n".join(line for row in rows for line in explanation.explain(row)))
