# SPDX-License-Identifier: Apache-2.0
"""The broker's state as plain dicts, with the names and shapes of RabbitMQ's management API.

Left out is what only an Erlang node has: reductions, garbage collections, paging.
"""

import base64
import datetime
import decimal
import json
import os
import platform
import resource
import time
import urllib.parse
import zlib

from minova.broker import exchange as exchanges
from minova.broker import routing
from minova.broker.management import counts

RABBITMQ_VERSION = "3.10.8"  # whose API this is: clients decide by it what they may ask
NODE = f"minova@{platform.node()}"
DEFAULT_EXCHANGE = "amq.default"  # the default exchange's name in URLs


class State:
    """Views of one broker; `rates` (rates.py) adds how fast its counters grow."""

    def __init__(self, broker, rates):
        self.broker = broker
        self._rates = rates
        self._started = time.monotonic()

    # The whole broker

    def overview(self, vhosts, connections):
        """:param vhosts, connections: those to be counted"""
        detailed = [self._rates.detailed(vhost, counts.of_vhost(self.broker, vhost)) for vhost in vhosts]
        stats, gauges, _ = counts.split(counts.total(detailed))
        return {
            "management_version": RABBITMQ_VERSION,
            "rates_mode": "basic",
            "exchange_types": _exchange_types(),
            "product_version": self.broker.version,
            "product_name": "minova-broker",
            "rabbitmq_version": RABBITMQ_VERSION,
            "cluster_name": NODE,
            "disable_stats": False,
            "message_stats": stats,
            "churn_rates": self._rates.detailed(self.broker, counts.of_broker(self.broker)),
            "queue_totals": gauges,
            "object_totals": {
                "channels": sum(len(connection.channels) for connection in connections),
                "connections": len(connections),
                "consumers": sum(len(queue.consumers) for vhost in vhosts for queue in vhost.queues.values()),
                "exchanges": sum(len(vhost.exchanges) for vhost in vhosts),
                "queues": sum(len(vhost.queues) for vhost in vhosts),
            },
        }

    def node(self):
        soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return {
            "name": NODE,
            "type": "disc",
            "running": True,
            "os_pid": str(os.getpid()),
            "fd_total": soft_limit,
            "fd_used": _open_files(),
            "sockets_used": len(self.broker.connections),
            "mem_used": _memory_octets(),
            "mem_alarm": self.broker.memory.is_high,
            "mem_limit": self.broker.memory.limit_octets,
            "disk_free_alarm": False,
            "processors": os.cpu_count(),
            "uptime": int((time.monotonic() - self._started) * 1000),
            "rates_mode": "basic",
            "exchange_types": _exchange_types(),
            "applications": [
                {
                    "name": "minova-broker",
                    "description": "The broker of minova",
                    "version": self.broker.version,
                }
            ],
            "enabled_plugins": [],
            "partitions": [],
        }

    def vhost(self, vhost):
        flat = self._rates.detailed(vhost, counts.of_vhost(self.broker, vhost))
        stats, gauges, octets = counts.split(flat)
        view = {
            "name": vhost.name,
            "description": "",
            "tags": [],
            "metadata": {"description": "", "tags": []},
            "tracing": vhost.firehose.is_on,
            "cluster_state": {NODE: "running"},
        }
        return view | octets | gauges | _message_stats(stats)

    # Clients

    def connection(self, connection):
        properties = plain(connection.client_properties)
        view = {
            "name": connection.name,
            "node": NODE,
            "state": _connection_state(connection),
            "vhost": connection.vhost.name,
            "user": connection.user.name,
            "user_who_performed_action": connection.user.name,
            "protocol": "AMQP 0-9-1",
            "type": "network",
            "auth_mechanism": connection.auth_mechanism,
            "channels": len(connection.channels),
            "channel_max": connection.channel_max,
            "frame_max": connection.frame_max,
            "timeout": connection.heartbeat_seconds,
            "connected_at": int(connection.connected_at * 1000),
            "client_properties": properties,
            "host": connection.host,
            "port": connection.port,
            "peer_host": connection.peer_host,
            "peer_port": connection.peer_port,
            "recv_cnt": connection.received_count,
            "send_cnt": connection.sent_count,
            "send_pend": 0,
            "ssl": False,
        }
        if isinstance(properties.get("connection_name"), str):
            view["user_provided_name"] = properties["connection_name"]
        return view | self._rates.detailed(connection, counts.of_connection(connection))

    def channel(self, channel):
        stats, *_ = counts.split(self._rates.detailed(channel, counts.of_channel(channel)))
        connection = channel.connection
        view = {
            "name": channel_name(channel),
            "number": channel.id,
            "node": NODE,
            "state": "running",
            "vhost": channel.vhost.name,
            "user": connection.user.name,
            "user_who_performed_action": connection.user.name,
            "connection_details": _connection_details(connection),
            "confirm": channel.confirms,
            "transactional": channel.transaction is not None,
            "consumer_count": len(channel.consumers),
            "prefetch_count": channel.consumer_prefetch,
            "global_prefetch_count": channel.channel_prefetch,
            "messages_unacknowledged": channel.unacked_count,
            "messages_unconfirmed": 0,
            "messages_uncommitted": 0,
            "acks_uncommitted": 0,
        }
        return view | _message_stats(stats)

    def channel_in_full(self, channel):
        return self.channel(channel) | {"consumer_details": [*map(self.consumer, channel.consumers.values())]}

    def consumer(self, consumer):
        channel, only = consumer.channel, consumer.queue.single_active_consumer
        return {
            "consumer_tag": consumer.tag,
            "queue": {"name": consumer.queue.name, "vhost": consumer.queue.vhost_name},
            "ack_required": not consumer.no_ack,
            "active": only is None or only is consumer,
            "activity_status": "up" if only is None else "single_active" if only is consumer else "waiting",
            "exclusive": consumer.exclusive,
            "prefetch_count": consumer.prefetch,
            "arguments": plain(consumer.arguments),
            "channel_details": {
                "name": channel_name(channel),
                "number": channel.id,
                "node": NODE,
                "user": channel.connection.user.name,
                "connection_name": channel.connection.name,
                "peer_host": channel.connection.peer_host,
                "peer_port": channel.connection.peer_port,
            },
        }

    # What messages go through

    def exchange(self, exchange):
        stats = self._rates.detailed(exchange, counts.of_exchange(exchange))
        view = {
            "name": exchange.name,
            "vhost": exchange.vhost_name,
            "type": exchange.type,
            "durable": exchange.durable,
            "auto_delete": exchange.auto_delete,
            "internal": exchange.internal,
            "arguments": plain(exchange.arguments),
        }
        return view | (_message_stats(stats) if exchange.publish_in else {})

    def queue(self, queue):
        stats, gauges, _ = counts.split(self._rates.detailed(queue, counts.of_queue(queue)))
        only = queue.single_active_consumer
        view = {
            "name": queue.name,
            "vhost": queue.vhost_name,
            "type": queue.arguments.get("x-queue-type", "classic"),
            "durable": queue.durable,
            "auto_delete": queue.auto_delete,
            "exclusive": queue.owner is not None,
            "arguments": plain(queue.arguments),
            "node": NODE,
            "state": "running",
            "consumers": len(queue.consumers),
            "message_bytes": queue.message_bytes,
            "message_bytes_ready": queue.ready_bytes,
            "message_bytes_unacknowledged": queue.message_bytes - queue.ready_bytes,
            "exclusive_consumer_tag": next(
                (tag for (_, tag), one in queue.consumers.items() if one.exclusive), None
            ),
            "single_active_consumer_tag": only.tag if only is not None else None,
            "policy": None,
            "effective_policy_definition": {},
        }
        if queue.owner is not None:
            view["owner_pid_details"] = _connection_details(queue.owner)
        return view | gauges | _message_stats(stats)

    def queue_in_full(self, queue):
        return self.queue(queue) | {"consumer_details": [*map(self.consumer, list(queue.consumers.values()))]}

    # Users

    @staticmethod
    def user(user):
        return {
            "name": user.name,
            "password_hash": user.password_hash,
            "hashing_algorithm": user.algorithm,
            "tags": sorted(user.tags),
            "limits": {},
        }

    @staticmethod
    def permission(permission):
        """:param permission: (user, vhost's name)"""
        user, vhost_name = permission
        return {"user": user.name, "vhost": vhost_name} | user.permissions[vhost_name]


def binding(found):
    """:param found: (source, destination, routing key, arguments)"""
    source, destination, key, arguments = found
    return {
        "source": source.name,
        "vhost": source.vhost_name,
        "destination": destination.name,
        "destination_type": "exchange" if isinstance(destination, exchanges.Exchange) else "queue",
        "routing_key": key,
        "arguments": plain(arguments),
        "properties_key": properties_key(key, arguments),
    }


def bindings(vhost):
    """Return (source, destination, routing key, arguments) of each binding of a vhost, by names."""
    found = [
        (source, destination, key, arguments)
        for source in vhost.exchanges.values()
        for destination, key, arguments in source.bindings()
    ]
    return sorted(found, key=lambda binding: (binding[0].name, binding[1].name, binding[2]))


def properties_key(key, arguments):
    """Return the name of a binding among those of the same two ends, as it stands in URLs once it is quoted."""
    quoted = urllib.parse.quote_plus(key).replace("~", "%7E")
    if not arguments:
        return quoted or "~"
    digest = zlib.crc32(json.dumps(plain(arguments), sort_keys=True).encode()).to_bytes(4)
    return f"{quoted}~{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def channel_name(channel):
    return f"{channel.connection.name} ({channel.id})"


def plain(value):
    """Return a field's value, or a whole table, in types that JSON has."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode(errors="replace")
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def _message_stats(stats):
    return {"message_stats": stats} if stats else {}


def _connection_details(connection):
    return {
        "name": connection.name,
        "peer_host": connection.peer_host,
        "peer_port": connection.peer_port,
    }


def _exchange_types():
    return [
        {"name": name, "description": f"AMQP {name} exchange", "enabled": True}
        for name in routing.type_names()
    ]


def _open_files():
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:  # no Linux
        return 0


def _connection_state(connection):
    if not connection.is_open:
        return "closing"
    return "blocked" if connection.is_blocked else "running"


def _memory_octets():
    """Return the process's resident memory; its highest so far where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
