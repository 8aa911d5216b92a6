# SPDX-License-Identifier: Apache-2.0
"""The start of a durable broker: what its file holds goes back into the vhosts."""

import asyncio
import logging
import time

from pamqp import decode

from minova.broker import message as messages
from minova.broker import method, properties

LOG = logging.getLogger(__name__)


def recover(connection, vhosts):
    """Put everything back that the file holds for the vhosts, a map by name."""
    lost = {
        row[0] for row in connection.execute("SELECT vhost FROM queues UNION SELECT vhost FROM exchanges")
    }
    for name in sorted(lost - vhosts.keys()):
        LOG.warning("store: kept, but not served: there is no vhost '%s'", name)
    for vhost in vhosts.values():
        _recover_exchanges(connection, vhost)
        queues = _recover_queues(connection, vhost)
        _recover_bindings(connection, vhost)
        count = sum([_recover_messages(connection, queue_id, queue) for queue_id, queue in queues.items()])
        if queues:
            # What has expired meanwhile goes, and what will expire gets its timer.
            for queue in queues.values():
                queue.start_consumer()
            LOG.info("vhost '%s': recovered %d queues with %d messages", vhost.name, len(queues), count)


def _recover_exchanges(connection, vhost):
    sql = "SELECT name, type, auto_delete, internal, arguments FROM exchanges WHERE vhost = ?"
    for name, type_name, auto_delete, internal, arguments in connection.execute(sql, (vhost.name,)):
        vhost.restore_exchange(
            name,
            type_name,
            durable=True,
            auto_delete=bool(auto_delete),
            internal=bool(internal),
            arguments=_decode(arguments),
        )


def _recover_queues(connection, vhost):
    """Return {id: Queue}."""
    sql = "SELECT id, name, auto_delete, arguments FROM queues WHERE vhost = ? ORDER BY id"
    return {
        queue_id: vhost.restore_queue(queue_id, name, bool(auto_delete), _decode(arguments))
        for queue_id, name, auto_delete, arguments in connection.execute(sql, (vhost.name,))
    }


def _recover_bindings(connection, vhost):
    sql = "SELECT source, kind, destination, routing_key, arguments FROM bindings WHERE vhost = ?"
    for source, kind, destination, routing_key, arguments in connection.execute(sql, (vhost.name,)):
        there = vhost.queues if kind == "queue" else vhost.exchanges
        if source in vhost.exchanges and destination in there:
            vhost.restore_binding(source, there[destination], routing_key, _decode(arguments))


def _recover_messages(connection, queue_id, queue):
    """Return how many."""
    to_loop_time = asyncio.get_running_loop().time() - time.time()
    sql = (
        "SELECT id, position, delivered, expires_at, exchange, routing_key, header, body FROM messages "
        "WHERE queue = ? ORDER BY position"
    )
    count = 0
    for message_id, position, delivered, expires_at, *content in connection.execute(sql, (queue_id,)):
        expires_at = None if expires_at is None else expires_at + to_loop_time
        message = _make_message(*content)
        message.charge(queue.vhost.memory, 1)
        queue.restore(message, position, message_id, bool(delivered), expires_at)
        count += 1
    return count


def _make_message(exchange, routing_key, header, body):
    address = method.encode_address(exchange, routing_key)
    return messages.Message(exchange, routing_key, address, header, body, properties.read(header[12:]))


def _decode(arguments):
    return decode.field_table(arguments)[1]
