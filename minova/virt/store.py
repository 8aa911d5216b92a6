# SPDX-License-Identifier: Apache-2.0
"""The file in which the simulated hypervisors of one state path keep their guests, rules and counters.

One SQLite file serves all hosts of all processes, so that nothing grows with the number of guests but the
file: no descriptor, thread or process per guest. What is committed survives the death of any process.
SQLite's write-ahead log lets others read while one writes.
"""

import contextlib
import os
import sqlite3
import threading
import time

from minova import exception

FILE_NAME = "hypervisor.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS guest (
    host TEXT NOT NULL,
    uuid TEXT NOT NULL,
    name TEXT NOT NULL,
    task_id TEXT,
    attempt INTEGER NOT NULL,
    power_state INTEGER NOT NULL,
    vcpus INTEGER NOT NULL,
    memory_mb INTEGER NOT NULL,
    disk_gb INTEGER NOT NULL,
    created_at REAL NOT NULL,
    started_at REAL,
    ends_at REAL,      -- when the guest will stop or crash by itself, or has, until that is reported
    transition TEXT,   -- "stopped" or "crashed": which of them
    rebooted_by TEXT,  -- task of the last reboot
    metadata TEXT NOT NULL,      -- JSON: the minova: items
    network_info TEXT NOT NULL,  -- JSON
    history TEXT NOT NULL,       -- JSON: what the console tells, [[time, event], ...]
    PRIMARY KEY (host, uuid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS guest_ends_at ON guest (ends_at) WHERE ends_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY,
    method TEXT NOT NULL,
    object TEXT NOT NULL,
    probability REAL NOT NULL,
    delay TEXT NOT NULL,
    error TEXT,
    skip INTEGER NOT NULL,
    maximum INTEGER,
    expires_at REAL,
    hits INTEGER NOT NULL,
    strikes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (subject, what)
) WITHOUT ROWID;
"""


class Store:
    """One process's connection to the file, shared by its threads; opened at the first use, so after any
    fork.

    One connection and a lock serve better than a connection per thread: SQLite has one writer at a time
    anyway, and a transaction here takes some 50 microseconds.
    """

    def __init__(self, state_path: str, busy_timeout_seconds: float = 10.0):
        self._state_path = state_path
        self._busy_timeout_seconds = busy_timeout_seconds
        self._lock = threading.Lock()
        self._connection = None
        self._closed = False

    @contextlib.contextmanager
    def read(self):
        """Hold the connection for single queries."""
        with self._lock, _as_hypervisor_errors():
            yield self._open()

    @contextlib.contextmanager
    def write(self):
        """Hold the connection within a transaction: all of the block is committed, or nothing when it
        raises."""
        with self._lock, _as_hypervisor_errors():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self):
        if self._closed:
            raise exception.HypervisorError(operation="use its store", reason="the driver was closed")
        if self._connection is None:
            os.makedirs(self._state_path, exist_ok=True)
            path = os.path.join(self._state_path, FILE_NAME)
            self._connection = _connect(path, self._busy_timeout_seconds)
        return self._connection


@contextlib.contextmanager
def opened(state_path: str):
    """Give a store for a moment, to a process that is no hypervisor."""
    store = Store(state_path)
    try:
        yield store
    finally:
        store.close()


def reset(state_path: str) -> None:
    """Forget all guests, rules and counters, also under running processes."""
    with opened(state_path) as store, store.write() as connection:
        for table in ("guest", "fault", "counter"):
            connection.execute(f"DELETE FROM {table}")


def next_count(connection, subject: str, what: str) -> int:
    """Count one more of ``what`` for the subject: 1 at the first call."""
    (count,) = connection.execute(
        "INSERT INTO counter VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
        (subject, what),
    ).fetchone()
    return count


def forget_counts(connection, subject: str) -> None:
    connection.execute("DELETE FROM counter WHERE subject = ?", (subject,))


@contextlib.contextmanager
def _as_hypervisor_errors():
    try:
        yield
    except sqlite3.Error as err:
        raise exception.HypervisorError(operation="use its store", reason=str(err)) from err


def _connect(path, busy_timeout_seconds):
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, check_same_thread=False
    )
    try:
        _switch_to_wal(connection, time.monotonic() + busy_timeout_seconds)
        # A crash of the machine may lose the last moments; the death of a process loses nothing.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection, deadline):
    # The change of mode does not wait for other processes that make it at the same moment.
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
