# SPDX-License-Identifier: Apache-2.0
"""What a durable broker writes: changes are gathered while the last transaction is written, and written together."""

import asyncio
import concurrent.futures
import itertools
import logging
import sqlite3
import time

from pamqp import encode

from minova.broker.store import database, recovery

LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_ADD = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELIVERED = "UPDATE messages SET delivered = 1 WHERE id = ?"
_REMOVE = "DELETE FROM messages WHERE id = ?"


def open_store(path):
    """Return the Store of a file.

    :raises StoreError: when the file cannot be used
    """
    connection = database.open_database(path)
    next_ids = (
        connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0]
        for table in ("queues", "messages")
    )
    return Store(connection, *next_ids)


class Batch:
    """Changes of one transaction; what comes and goes within it is not written at all."""

    def __init__(self):
        self.shape = []  # (SQL, [parameters]) of exchanges, queues and bindings, in order
        self.added = {}  # id: row of a message
        self.delivered = []  # [(id,), ...]
        self.removed = []  # [(id,), ...]
        self.callbacks = []  # called when all this is on disk

    def statements(self):
        """In an order in which a message never comes before its queue."""
        messages = ((_ADD, self.added.values()), (_DELIVERED, self.delivered), (_REMOVE, self.removed))
        return self.shape + [(sql, list(rows)) for sql, rows in messages if rows]


class Store:
    """The changes of all vhosts, in their order; all methods belong to the event loop's thread."""

    def __init__(self, connection, next_queue_id=1, next_message_id=1):
        self.added_count = 0  # of messages, ever: whether a publication has to wait for the disk
        self._connection = connection
        self._queue_ids = itertools.count(next_queue_id)
        self._message_ids = itertools.count(next_message_id)
        self._batch = Batch()
        self._is_busy = False  # a batch is on its way, or about to be
        self._failure = None
        self._writer = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="store")

    def recover(self, vhosts):
        """Put everything back that the file holds for the vhosts, a map by name; once, before anything else."""
        recovery.recover(self._connection, vhosts)

    # Exchanges, queues, bindings

    def exchange_declared(self, exchange):
        row = (exchange.vhost_name, exchange.name, exchange.type, exchange.auto_delete, exchange.internal)
        self._shape(
            "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?)", *row, encode_arguments(exchange.arguments)
        )

    def exchange_deleted(self, exchange):
        where = exchange.vhost_name, exchange.name
        self._shape("DELETE FROM exchanges WHERE vhost = ? AND name = ?", *where)
        self._shape("DELETE FROM bindings WHERE vhost = ? AND source = ?", *where)
        self._shape("DELETE FROM bindings WHERE vhost = ? AND kind = 'exchange' AND destination = ?", *where)

    def queue_declared(self, queue):
        """Return the id under which the queue's messages are kept."""
        queue_id = next(self._queue_ids)
        row = queue_id, queue.vhost_name, queue.name, queue.auto_delete, encode_arguments(queue.arguments)
        self._shape("INSERT INTO queues VALUES (?, ?, ?, ?, ?)", *row)
        return queue_id

    def queue_deleted(self, queue, queue_id):
        self._batch.added = {key: row for key, row in self._batch.added.items() if row[1] != queue_id}
        self._shape("DELETE FROM queues WHERE id = ?", queue_id)
        self._shape("DELETE FROM messages WHERE queue = ?", queue_id)
        where = queue.vhost_name, queue.name
        self._shape("DELETE FROM bindings WHERE vhost = ? AND kind = 'queue' AND destination = ?", *where)

    def bound(self, *binding):
        """Binding: vhost's name, source's name, "queue" or "exchange", destination's name, key, arguments."""
        row = *binding[:-1], encode_arguments(binding[-1])
        self._shape("INSERT OR IGNORE INTO bindings VALUES (?, ?, ?, ?, ?, ?)", *row)

    def unbound(self, *binding):
        self._shape(
            "DELETE FROM bindings WHERE vhost = ? AND source = ? AND kind = ? AND destination = ? "
            "AND routing_key = ? AND arguments = ?",
            *binding[:-1],
            encode_arguments(binding[-1]),
        )

    # Messages

    def add(self, queue_id, entry):
        """Keep a message; return its id."""
        self.added_count += 1
        message, expires_at = entry.message, entry.expires_at
        if expires_at is not None:
            expires_at += time.time() - asyncio.get_running_loop().time()
        message_id = next(self._message_ids)
        row = message_id, queue_id, entry.position, int(entry.redelivered), expires_at
        content = message.exchange, message.routing_key, message.header, message.body
        self._batch.added[message_id] = row + content
        self._wake()
        return message_id

    def delivered(self, message_id):
        row = self._batch.added.get(message_id)
        if row is not None:
            self._batch.added[message_id] = (*row[:3], 1, *row[4:])
            return
        self._batch.delivered.append((message_id,))
        self._wake()

    def remove(self, message_id):
        if self._batch.added.pop(message_id, None) is None:
            self._batch.removed.append((message_id,))
            self._wake()

    # Writing

    def after_commit(self, callback, *args):
        """Call when everything so far is on disk."""
        self._batch.callbacks.append((callback, args))
        self._wake()

    async def close(self):
        """Write what is left, unless that has just failed."""
        while self._is_busy and self._failure is None:
            await asyncio.sleep(0.005)
        self._writer.shutdown()
        self._connection.close()

    def _shape(self, sql, *parameters):
        self._batch.shape.append((sql, [parameters]))
        self._wake()

    def _wake(self):
        if not self._is_busy:
            self._is_busy = True
            # In the next turn, together with all else that this one brings.
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self):
        batch, self._batch = self._batch, Batch()
        self._write(batch)

    def _write(self, batch):
        writing = asyncio.get_running_loop().run_in_executor(
            self._writer, database.write, self._connection, batch.statements()
        )
        writing.add_done_callback(lambda done: self._written(batch, done.exception()))

    def _written(self, batch, error):
        if isinstance(error, sqlite3.Error):
            self._failed(batch, error)
            return
        if error is not None:
            raise error
        if self._failure is not None:
            LOG.info("store: can be written again")
            self._failure = None
        for callback, args in batch.callbacks:
            callback(*args)
        if self._batch.statements() or self._batch.callbacks:
            self._begin()
        else:
            self._is_busy = False

    def _failed(self, batch, error):
        """Nothing of the batch is written, so nothing of it is confirmed; try again, as a disk may have room again."""
        if self._failure is None:
            LOG.error("store: cannot be written, and persistent messages are not confirmed: %s", error)
        self._failure = error
        asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._write, batch)


def encode_arguments(arguments):
    """Return arguments as an AMQP field table, in one order."""
    return encode.field_table(dict(sorted((arguments or {}).items())))
