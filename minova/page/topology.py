# SPDX-License-Identifier: Apache-2.0
"""Exchanges, queues, bindings and who is connected: as the management API tells it, or as far as AMQP alone can."""

import threading
import time

import amqp

from minova.page.management import ManagementError
from minova.trace import firehose

# Several open pages are one reader.
_FRESH_SECONDS = 1
_CONNECT_SECONDS = 5


class Topology:
    """What is on the broker now.

    :param names: called without arguments: names of the queues to ask for when there is no management API.
    """

    def __init__(self, management, names, clock=time.monotonic, by_amqp=None):
        self._management = management
        self._names = names
        self._by_amqp = by_amqp or _by_amqp
        self._clock = clock
        self._lock = threading.Lock()
        self._known = None
        self._known_at = 0

    @property
    def url(self):
        """Of the management API."""
        return self._management.url

    def read(self):
        """See endpoints/topology.py for its form; at most a second old."""
        with self._lock:
            if self._known is None or self._clock() - self._known_at > _FRESH_SECONDS:
                self._known = self._ask()
                self._known_at = self._clock()
            return self._known

    def _ask(self):
        try:
            return _by_management(self._management)
        except ManagementError as error:
            advice = _advice(error, self._management.address)
        try:
            return {**self._by_amqp(self._management.address, self._names()), "reason": advice}
        except (OSError, amqp.exceptions.AMQPError) as error:
            reason = getattr(error, "reply_text", None) or error
            return {**_EMPTY, "source": None, "reason": f"The broker cannot be asked ({reason})."}


_EMPTY: dict = {"exchanges": [], "queues": [], "bindings": [], "connections": [], "consumers": []}


def _by_management(management):
    """What the management API knows of our virtual host."""
    return {
        "source": "management",
        "reason": None,
        "exchanges": [_exchange(row) for row in management.exchanges()],
        "queues": [_queue(row) for row in management.queues()],
        "bindings": [_binding(row) for row in management.bindings()],
        "connections": [_connection(row) for row in management.connections()],
        "consumers": [_consumer(row) for row in management.consumers()],
    }


def _by_amqp(address, names):
    """The queues of these names that there are, with messages and consumers: all that AMQP tells of other people's."""
    with firehose.connect(address, _CONNECT_SECONDS) as connection:
        found = [queue for name in names if (queue := _declared(connection, name))]
    return {**_EMPTY, "source": "amqp", "queues": found}


def _declared(connection, name):
    """What a passive declaration tells; None when there is no such queue, or it is another connection's alone."""
    channel = connection.channel()
    try:
        queue, messages, consumers = channel.queue_declare(name, passive=True)
    except amqp.exceptions.ChannelError:
        # The broker has closed the channel with that answer.
        return None
    channel.close()
    return {"name": queue, "messages": messages, "ready": messages, "consumers": consumers}


def _advice(error, address):
    if error.status == 401:
        return (
            f"{error}: the user {address.user!r} may not use it. On RabbitMQ's machine type, as root: rabbitmqctl "
            f"set_user_tags {address.user} monitoring"
        )
    return (
        f"{error}. On RabbitMQ's machine type, as root: rabbitmq-plugins enable rabbitmq_management; if it listens "
        "elsewhere, set [page] management_url."
    )


def _exchange(row):
    return {name: row.get(name) for name in ("name", "type", "durable", "auto_delete", "internal")}


def _queue(row):
    return {
        "name": row["name"],
        "messages": row.get("messages", 0),
        "ready": row.get("messages_ready", 0),
        "unacknowledged": row.get("messages_unacknowledged", 0),
        "consumers": row.get("consumers", 0),
        **{
            name: row.get(name)
            for name in ("type", "durable", "exclusive", "auto_delete", "arguments", "state")
        },
    }


def _binding(row):
    return {name: row.get(name) for name in ("source", "destination", "destination_type", "routing_key")}


def _connection(row):
    properties = row.get("client_properties") or {}
    return {
        "name": row["name"],
        "client": row.get("user_provided_name")
        or properties.get("connection_name")
        or properties.get("product"),
        **{
            name: row.get(name)
            for name in ("user", "state", "channels", "connected_at", "peer_host", "peer_port")
        },
    }


def _consumer(row):
    return {
        "queue": (row.get("queue") or {}).get("name"),
        "connection": (row.get("channel_details") or {}).get("connection_name"),
        "tag": row.get("consumer_tag"),
        "ack_required": row.get("ack_required"),
        "prefetch": row.get("prefetch_count"),
    }
