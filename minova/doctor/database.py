# SPDX-License-Identifier: Apache-2.0
"""Whether the database answers, has the schema of this minova, and lets others write."""

import contextlib
import time

import sqlalchemy as sa
from oslo_db import exception as db_exception

from minova.db import engine, migration
from minova.doctor.finding import error, ok
from minova.explain.sentence import duration
from minova.up import configuration, errors

# How long it may be locked; transactions of minova take milliseconds.
PATIENCE_SECONDS = 2


@contextlib.contextmanager
def opened():
    """The database for one check, which waits for it only a little.

    :raises UpError: when there is none.
    """
    configuration.check_database_is_there()
    database = engine.Database(PATIENCE_SECONDS)
    try:
        yield database
    finally:
        database.dispose()


def look(_patient):
    begin = time.monotonic()
    try:
        with opened() as database:
            with database.reader() as conn:
                name, revision = conn.dialect.name, migration.stored_revision(conn)
            if revision != migration.HEAD:
                return error(
                    f"Its schema is at revision {revision or 'none'}, this minova needs {migration.HEAD}.",
                    "Run minova-manage db sync with the configuration of the services.",
                )
            if locked := _why_locked(database):
                return locked
    except errors.UpError as err:
        return error(str(err))
    except (db_exception.DBError, sa.exc.SQLAlchemyError) as err:
        return error(
            f"It does not answer: {engine.first_line(err)}.", "Start it, or check [database] connection."
        )
    took = duration(time.monotonic() - begin)
    return ok(f"{name} answers, has the present schema ({revision}) and can be written, in {took}.")


def _why_locked(database):
    try:
        # On SQLite this takes the lock of all writers, and gives it back.
        with database.writer():
            return None
    except db_exception.DBConnectionError as err:
        return error(
            f"It has been locked for {PATIENCE_SECONDS} s: {engine.first_line(err)}.",
            "A process that is paused within a transaction keeps it locked: resume or kill it.",
        )
