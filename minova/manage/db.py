# SPDX-License-Identifier: Apache-2.0
"""`minova-manage db`, and how the other commands open the database."""

import contextlib

from minova import exception
from minova.db import engine, migration


def sync(_args):
    with _connected() as database:
        before = migration.sync(database)
    if before == migration.HEAD:
        print(f"The database is at revision {migration.HEAD} already.")
    else:
        print(f"The database is now at revision {migration.HEAD} (before: {before or 'empty'}).")


def version(_args):
    with _connected() as database, database.reader() as conn:
        revision = migration.stored_revision(conn)
    print(f"{revision or 'empty'} (this minova needs {migration.HEAD})")


@contextlib.contextmanager
def opened():
    """The database for a command that needs its tables.

    :raises InvalidOption: when it has not the present schema.
    """
    with _connected() as database:
        with database.reader() as conn:
            revision = migration.stored_revision(conn)
        if revision != migration.HEAD:
            raise exception.InvalidOption(
                reason=f"The database is at revision {revision or 'empty'}, not {migration.HEAD}; "
                "run minova-manage db sync."
            )
        yield database


@contextlib.contextmanager
def _connected():
    database = engine.Database()
    try:
        yield database
    finally:
        database.dispose()
