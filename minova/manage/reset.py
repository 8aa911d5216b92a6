# SPDX-License-Identifier: Apache-2.0
"""`minova-manage reset`: the records and this machine's guests as they were after the first db sync."""

import os

import minova.conf
from minova import exception, servicegroup
from minova.db import default_data, engine, models, services
from minova.manage import db
from minova.virt import store

CONF = minova.conf.CONF


def reset(args):
    with db.opened() as database:
        if not args.force:
            _check_nothing_runs(database)
        count = _empty(database)
    # Only hosts of this state path: others' computes destroy what is not on record when they start.
    if os.path.exists(os.path.join(CONF.state_path, store.FILE_NAME)):
        store.reset(CONF.state_path)
    print(f"Back at the beginning: {count} instances and all that belonged to them are gone.")


def _check_nothing_runs(database):
    with database.reader() as conn:
        running = [f"{row.binary} on {row.host}" for row in services.find(conn) if servicegroup.is_up(row)]
    if running:
        raise exception.Conflict(
            f"{len(running)} services are up ({running[0]}, ...): stop them first and wait "
            f"{CONF.service_down_time} s, or say --force."
        )


@engine.retry_on_deadlock
def _empty(database):
    with database.writer() as conn:
        count = conn.execute(models.instances.delete().where(~models.instances.c.deleted)).rowcount
        for table in reversed(models.metadata.sorted_tables):
            conn.execute(table.delete())
        default_data.insert(conn)
    return count
