# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the present schema, and lets services wait until somebody has.

Alembic costs 0.2 s to import, so that is done only where there is something to migrate.
"""

import contextlib
import logging
import os
import random
import time

import sqlalchemy as sa
from oslo_db import exception as db_exception

from minova import exception
from minova.db import default_data, engine, models

LOG = logging.getLogger(__name__)

# The newest of minova/db/migrations/versions.
HEAD = "0001"

_MIGRATIONS = os.path.join(os.path.dirname(__file__), "migrations")
_VERSION_TABLE = "alembic_version"
_LOCK_SECONDS = 600
_SECONDS_BETWEEN_LOGS = 5
# Any number that other users of the same PostgreSQL database are unlikely to lock.
_POSTGRESQL_LOCK = 0x6D696E6F7661


def sync(database):
    """Migrate to HEAD; a database that was empty gets the default flavors, images and network.

    Any number of processes may do this at once: one works, the others wait for it.

    :returns: the revision before: None for an empty database, HEAD when nothing was to do.
    :raises InvalidOption: when the database belongs to something else or to a newer minova.
    """
    with database.reader() as conn:
        revision = stored_revision(conn)
    if revision == HEAD:
        return revision
    with _exclusively(database) as conn:
        return _migrate(conn)


def stored_revision(conn):
    """The revision of a database, None when it has no tables yet."""
    if not sa.inspect(conn).has_table(_VERSION_TABLE):
        return None
    return conn.execute(sa.text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()


def wait_for_schema(database):
    """Return once the database answers and its schema is the one that this code knows."""
    next_log = 0
    while missing := _what_is_missing(database):
        if time.monotonic() >= next_log:
            LOG.warning("waiting for the database: %s", missing)
            next_log = time.monotonic() + _SECONDS_BETWEEN_LOGS
        time.sleep(random.uniform(0.1, 0.4))


def _what_is_missing(database):
    try:
        with database.reader() as conn:
            revision = stored_revision(conn)
    except (sa.exc.SQLAlchemyError, db_exception.DBError) as err:
        return f"the database does not answer: {engine.first_line(err)}"
    if revision == HEAD:
        return None
    return f"its schema is at revision {revision or 'none'}, not {HEAD}; run minova-manage db sync"


def _migrate(conn):
    revision = stored_revision(conn)
    if revision == HEAD:
        return revision
    if revision is None:
        _clear_the_ground(conn)
    _run_alembic(conn)
    if revision is None:
        default_data.insert(conn)
    return revision


def _clear_the_ground(conn):
    """Drop what an interrupted first sync left: MariaDB commits each table as it is made.

    :raises InvalidOption: when the tables are not minova's.
    """
    tables = set(sa.inspect(conn).get_table_names())
    ours = tables & set(models.metadata.tables)
    if ours and _VERSION_TABLE not in tables:
        raise exception.InvalidOption(
            reason=f"The database already holds tables of something else ({', '.join(sorted(ours))}); "
            "give minova a database of its own."
        )
    models.metadata.drop_all(conn)


def _run_alembic(conn):
    from alembic import command, config
    from alembic.util import CommandError

    alembic_config = config.Config(attributes={"connection": conn})
    alembic_config.set_main_option("script_location", _MIGRATIONS.replace("%", "%%"))
    try:
        command.upgrade(alembic_config, "head")
    except CommandError as err:
        raise exception.InvalidOption(
            reason=f"The database cannot be migrated: {err} It may be of a newer minova."
        ) from err


def _exclusively(database):
    """A connection in a transaction, which no other process has at the same time."""
    return _LOCKS[database.engine.dialect.name](database)


@contextlib.contextmanager
def _sqlite_lock(database):
    with database.writer() as conn:  # BEGIN IMMEDIATE
        yield conn


@contextlib.contextmanager
def _postgresql_lock(database):
    with database.writer() as conn:
        conn.execute(sa.text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
        yield conn


@contextlib.contextmanager
def _mysql_lock(database):
    # The server's locks are common to all its databases. Creating a table commits, so the lock belongs to
    # the session and not to a transaction.
    name = "CONCAT('minova.', LEFT(DATABASE(), 50))"
    with database.engine.connect() as conn:
        if not conn.execute(sa.text(f"SELECT GET_LOCK({name}, {_LOCK_SECONDS})")).scalar():
            raise exception.InvalidOption(reason="Another db sync did not finish in time.")
        try:
            yield conn
            conn.commit()
        finally:
            conn.rollback()
            conn.execute(sa.text(f"SELECT RELEASE_LOCK({name})"))


_LOCKS = {
    "sqlite": _sqlite_lock,
    "postgresql": _postgresql_lock,
    "mysql": _mysql_lock,
    "mariadb": _mysql_lock,
}
