# SPDX-License-Identifier: Apache-2.0
"""Transactions on the records: oslo.db's engine, with what SQLite needs to be shared by processes."""

import contextlib
import logging
import os
import random
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
LOG = logging.getLogger(__name__)
# PostgreSQL takes 100 connections by default, and four kinds of services share them.
POOL_SIZE = 20
_POOL_OVERFLOW = 0
_CONNECT_PAUSE_SECONDS = 0.5
_BUSY_SECONDS = 30
_SECONDS_BETWEEN_LOGS = 5
_SQLITE_POLL_SECONDS = 0.001
# What a driver says when the database is away, locked or overrun.
_OUTAGES = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
_DRIVERS = {
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


def retry(**options):
    """Have a transaction that lost a deadlock, or met one on SQLite, run again from its start.

    :param options: further ones of wrap_db_retry, which say what else it is run again for.
    """
    return oslo_db_api.wrap_db_retry(
        max_retries=20,
        retry_interval=0.01,
        inc_retry_interval=True,
        max_retry_interval=0.5,
        retry_on_deadlock=True,
        jitter=True,
        **options,
    )


retry_on_deadlock = retry()


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
    # oslo.db keeps 5 and opens up to 50 others for a moment.
    options.set_defaults(conf, max_pool_size=POOL_SIZE, max_overflow=_POOL_OVERFLOW)


class Database:
    """The records of one process. Make it after every fork.

    ``reader()`` and ``writer()`` give a SQLAlchemy connection in a transaction; the query modules beside
    this one take it as their first argument, so that a caller decides what belongs together. Both raise
    oslo_db.exception.DBConnectionError when the database is away or stays locked.

    :param patience_seconds: how long a transaction waits for a database that is away or locked before it begins;
        without it, only for a lock. One that has begun is never repeated: it may have come to its end.
    """

    def __init__(self, patience_seconds=None):
        set_defaults(CONF)
        self._patience_seconds = patience_seconds or 0
        busy_seconds = _BUSY_SECONDS if patience_seconds is None else patience_seconds
        url = CONF.database.connection or f"sqlite:///{os.path.join(CONF.state_path, 'minova.sqlite3')}"
        if url.startswith("sqlite:///"):
            os.makedirs(os.path.dirname(os.path.abspath(url.removeprefix("sqlite:///"))), exist_ok=True)
        if url.startswith("sqlite"):
            self.engine = _make_sqlite_engine(url, busy_seconds)
        else:
            self.engine = _make_server_engine(url, busy_seconds)
        self._writing_engine = self.engine.execution_options(minova_writes=True)

    @contextlib.contextmanager
    def reader(self):
        with _outages_told(), self._connect(self.engine) as conn:
            yield conn

    @contextlib.contextmanager
    def writer(self):
        with _outages_told(), self._connect(self._writing_engine) as conn, conn.begin():
            yield conn

    def _connect(self, engine):
        began = next_log = time.monotonic()
        while True:
            try:
                return engine.connect()
            except (*_OUTAGES, oslo_db_exception.DBConnectionError) as err:
                now = time.monotonic()
                if now - began >= self._patience_seconds:
                    raise
                if now >= next_log:
                    LOG.warning("waiting for the database: %s", first_line(err))
                    next_log = now + _SECONDS_BETWEEN_LOGS
            time.sleep(_CONNECT_PAUSE_SECONDS * random.uniform(0.5, 1.5))

    def dispose(self):
        self.engine.dispose()


def first_line(error):
    """What a database's error says, without the driver's hints."""
    return str(error).strip().partition("\n")[0]


@contextlib.contextmanager
def _outages_told():
    """oslo.db leaves some errors of the drivers as they are, such as those of PostgreSQL's start and end."""
    try:
        yield
    except _OUTAGES as err:
        raise oslo_db_exception.DBConnectionError(err) from err


def _make_server_engine(url, busy_seconds):
    # Only here: it brings SQLAlchemy's ORM, 6 MB and 0.1 s that SQLite's users need not have.
    from oslo_db.sqlalchemy import enginefacade

    facade = enginefacade.transaction_context()
    # Connect when first used: oslo.db would else try for 100 s, silently, where nobody can say what is missing.
    facade.configure(connection=with_driver(url), max_retries=0, pool_timeout=busy_seconds)
    return facade.writer.get_engine()


def with_driver(url):
    """``postgresql://`` and ``mysql://`` with the driver that minova's extras install, MySQL in all of Unicode."""
    scheme, separator, rest = url.partition("://")
    parsed = sa.make_url(_DRIVERS.get(scheme, scheme) + separator + rest)
    if parsed.get_backend_name() in ("mysql", "mariadb") and "charset" not in parsed.query:
        # oslo.db's default, utf8, is MySQL's three-byte one: a server's name with an emoji in it would fail.
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed.render_as_string(hide_password=False)


def _make_sqlite_engine(url, busy_seconds):
    """An engine that keeps its connections, unlike oslo.db's for SQLite: opening one costs 0.7 ms of CPU."""
    engine = sa.create_engine(
        url, poolclass=sa.pool.QueuePool, max_overflow=-1, connect_args={"timeout": busy_seconds}
    )
    exc_filters.register_engine(engine)
    writers_turn = threading.Lock()

    @sa.event.listens_for(engine, "connect")
    def _on_connect(dbapi_connection, _record):
        dbapi_connection.isolation_level = None  # BEGIN is ours
        if dbapi_connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            # SQLite does not wait here while another process does the same to a new file.
            _execute_when_free(dbapi_connection, "PRAGMA journal_mode = WAL", busy_seconds)
        dbapi_connection.execute("PRAGMA synchronous = NORMAL")

    # Past SQLAlchemy, which would need longer for a BEGIN than for the query that follows.
    @sa.event.listens_for(engine, "begin")
    def _on_begin(conn):
        connection = conn.connection.dbapi_connection
        if conn.get_execution_options().get("minova_writes"):
            with writers_turn:
                _begin_writing(connection, busy_seconds)
        else:
            connection.execute("BEGIN")

    return engine


def _begin_writing(connection, busy_seconds):
    """Take the write lock at once; a transaction that took it after reading would fail when another wrote.

    SQLite's own waiting sleeps longer and longer, up to 100 ms; here a waiter looks every millisecond.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        _execute_when_free(connection, "BEGIN IMMEDIATE", busy_seconds)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")


def _execute_when_free(connection, statement, busy_seconds):
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise oslo_db_exception.DBConnectionError(error) from error
        time.sleep(_SQLITE_POLL_SECONDS)
