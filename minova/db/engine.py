# SPDX-License-Identifier: Apache-2.0
"""Transactions on the records: oslo.db's engine, with what SQLite needs to be shared by processes."""

import contextlib
import os
import sqlite3
import threading
import time

import sqlalchemy as sa
from oslo_db import api as oslo_db_api
from oslo_db import exception as oslo_db_exception
from oslo_db import options
from oslo_db.sqlalchemy import exc_filters
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions

import minova.conf

CONF = minova.conf.CONF
_POOL_SIZE = 30
_SQLITE_BUSY_SECONDS = 30
_SQLITE_POLL_SECONDS = 0.001
_DRIVERS = {
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}

# A transaction that lost a deadlock, or met one on SQLite, is run again from its start.
retry_on_deadlock = oslo_db_api.wrap_db_retry(
    max_retries=20,
    retry_interval=0.01,
    inc_retry_interval=True,
    max_retry_interval=0.5,
    retry_on_deadlock=True,
    jitter=True,
)


class now_epoch(functions.GenericFunction):  # noqa: N801 - an SQL function, named like one
    """Seconds since 1970 by the database's own clock, with fractions."""

    type = sa.Double()
    inherit_cache = True


@compiler.compiles(now_epoch, "sqlite")
def _now_sqlite(_element, _compiler, **_kwargs):
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiler.compiles(now_epoch, "postgresql")
def _now_postgresql(_element, _compiler, **_kwargs):
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


@compiler.compiles(now_epoch, "mysql", "mariadb")
def _now_mysql(_element, _compiler, **_kwargs):
    return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) AS DOUBLE)"


def set_defaults(conf):
    """Register oslo.db's options; without [database] connection the records are an SQLite file."""
    # As many connections as an API process has threads, and some: oslo.db keeps 5 and opens and closes the others.
    options.set_defaults(conf, max_pool_size=_POOL_SIZE)


class Database:
    """The records of one process. Make it after every fork.

    ``reader()`` and ``writer()`` give a SQLAlchemy connection in a transaction; the query modules beside
    this one take it as their first argument, so that a caller decides what belongs together.
    """

    def __init__(self):
        set_defaults(CONF)
        url = CONF.database.connection or f"sqlite:///{os.path.join(CONF.state_path, 'minova.sqlite3')}"
        if url.startswith("sqlite:///"):
            os.makedirs(os.path.dirname(os.path.abspath(url.removeprefix("sqlite:///"))), exist_ok=True)
        self.engine = _make_sqlite_engine(url) if url.startswith("sqlite") else _make_server_engine(url)
        self._writing_engine = self.engine.execution_options(minova_writes=True)

    @contextlib.contextmanager
    def reader(self):
        with self.engine.connect() as conn:
            yield conn

    @contextlib.contextmanager
    def writer(self):
        with self._writing_engine.begin() as conn:
            yield conn

    def dispose(self):
        self.engine.dispose()


def _make_server_engine(url):
    # Only here: it brings SQLAlchemy's ORM, 6 MB and 0.1 s that SQLite's users need not have.
    from oslo_db.sqlalchemy import enginefacade

    facade = enginefacade.transaction_context()
    # Connect when first used: oslo.db would else try for 100 s, silently, where nobody can say what is missing.
    facade.configure(connection=_with_driver(url), max_retries=0)
    return facade.writer.get_engine()


def _with_driver(url):
    """``postgresql://`` and ``mysql://`` with the driver that minova's extras install, MySQL in all of Unicode."""
    scheme, separator, rest = url.partition("://")
    parsed = sa.make_url(_DRIVERS.get(scheme, scheme) + separator + rest)
    if parsed.get_backend_name() in ("mysql", "mariadb") and "charset" not in parsed.query:
        # oslo.db's default, utf8, is MySQL's three-byte one: a server's name with an emoji in it would fail.
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed.render_as_string(hide_password=False)


def _make_sqlite_engine(url):
    """An engine that keeps its connections, unlike oslo.db's for SQLite: opening one costs 0.7 ms of CPU."""
    engine = sa.create_engine(
        url, poolclass=sa.pool.QueuePool, max_overflow=-1, connect_args={"timeout": _SQLITE_BUSY_SECONDS}
    )
    exc_filters.register_engine(engine)
    writers_turn = threading.Lock()

    @sa.event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection, _record):
        dbapi_connection.isolation_level = None  # BEGIN is ours
        if dbapi_connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            # SQLite does not wait here while another process does the same to a new file.
            _execute_when_free(dbapi_connection, "PRAGMA journal_mode = WAL")
        dbapi_connection.execute("PRAGMA synchronous = NORMAL")

    # Past SQLAlchemy, which would need longer for a BEGIN than for the query that follows.
    @sa.event.listens_for(engine, "begin")
    def _on_begin(conn):
        connection = conn.connection.dbapi_connection
        if conn.get_execution_options().get("minova_writes"):
            with writers_turn:
                _begin_writing(connection)
        else:
            connection.execute("BEGIN")

    return engine


def _begin_writing(connection):
    """Take the write lock at once; a transaction that took it after reading would fail when another wrote.

    SQLite's own waiting sleeps longer and longer, up to 100 ms; here a waiter looks every millisecond.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _execute_when_free(connection, "BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_SQLITE_BUSY_SECONDS * 1000}")


def _execute_when_free(connection, statement):
    deadline = time.monotonic() + _SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise oslo_db_exception.DBError(error) from error
        time.sleep(_SQLITE_POLL_SECONDS)
