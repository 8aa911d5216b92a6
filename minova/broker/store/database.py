# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of a durable broker: opened for one process alone, written in transactions, kept small."""

import pathlib
import sqlite3

from minova.broker.store import StoreError

_APPLICATION_ID = 0x4D4E5642  # "MNVB"
_SCHEMA_VERSION = 1
_LOG_SIZE_BYTES = 16 * 1024 * 1024
# So many pages of 4 KB may lie free before some are given back to the file system, so many at a time.
_FREE_PAGES = 4096
_PAGES_AT_ONCE = 1024
_SCHEMA = """
CREATE TABLE exchanges (
    vhost TEXT, name TEXT, type TEXT, auto_delete INTEGER, internal INTEGER, arguments BLOB,
    PRIMARY KEY (vhost, name)
) WITHOUT ROWID;
CREATE TABLE queues (
    id INTEGER PRIMARY KEY, vhost TEXT, name TEXT, auto_delete INTEGER, arguments BLOB, UNIQUE (vhost, name)
);
CREATE TABLE bindings (
    vhost TEXT, source TEXT, kind TEXT, destination TEXT, routing_key TEXT, arguments BLOB,
    PRIMARY KEY (vhost, source, kind, destination, routing_key, arguments)
) WITHOUT ROWID;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, queue INTEGER, position INTEGER, delivered INTEGER, expires_at REAL,
    exchange TEXT, routing_key TEXT, header BLOB, body BLOB
);
CREATE INDEX messages_of_a_queue ON messages (queue, position);
"""


def open_database(path):
    """Open the file, made if there is none, for this process alone.

    :raises StoreError: when it cannot be had, is damaged, is no broker's, or another broker has it
    """
    try:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as err:
        raise StoreError(f"cannot open {path}: {err}") from err
    try:
        _prepare(connection)
        # A transaction that writes nothing would not find the disk full.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except (sqlite3.Error, StoreError) as err:
        connection.close()
        hint = "; another broker uses it" if "locked" in str(err) else ""
        raise StoreError(f"cannot use {path}: {err}{hint}") from err
    return connection


def write(connection, statements):
    """Execute [(SQL, rows of parameters)] in one transaction, which is on disk when this returns."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for sql, rows in statements:
            connection.executemany(sql, rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if connection.execute("PRAGMA freelist_count").fetchone()[0] > _FREE_PAGES:
        # Not execute(), which would end after the first page.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")


def _prepare(connection):
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    application, tables = (
        connection.execute(sql).fetchone()[0]
        for sql in ("PRAGMA application_id", "SELECT count(*) FROM sqlite_master")
    )
    if tables and application != _APPLICATION_ID:
        raise StoreError("it is not the file of a broker")
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if damage != "ok":
        raise StoreError(f"it is damaged: {damage}")
    connection.execute("PRAGMA journal_mode = WAL")
    # With FULL a commit is on the disk, not only with the operating system.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_SIZE_BYTES}")
    if not tables:
        connection.executescript(
            f"BEGIN EXCLUSIVE; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID}; "
            f"PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
        )
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != _SCHEMA_VERSION:
        raise StoreError(f"its schema is version {found}, not {_SCHEMA_VERSION}")
