# SPDX-License-Identifier: Apache-2.0
"""The headers of the firehose's copies, as octets.

A tracer gets two copies of each message, so what repeats is encoded once and remembered: addresses, properties, names
of queues, whatever a channel always says.
"""

import functools
import platform
import struct

from minova.broker import field_table, method, properties
from minova.broker import message as messages

TIME_HEADER = "minova_time"  # microseconds since the epoch; RabbitMQ's copies do not say when

_REMEMBERED = 1024
_LONGEST_REMEMBERED = 400  # octets of properties: longer ones hold headers that do not repeat
_NAMES_REMEMBERED = 16  # queues that a message went to

_INT = struct.Struct(">i")
_HEADERS = struct.Struct(">HI")
_HEADERS_FLAG = 1 << 13  # of the content header's property flags
_TIMESTAMP_NAME = method.short_string(TIME_HEADER) + b"l"
_TIMESTAMP = struct.Struct(f">{len(_TIMESTAMP_NAME)}sq")
_NUMBERS = ("delivery_mode", "priority")


def _field(name, encoded):
    return method.short_string(name) + encoded


def _integer(number):
    return b"I" + _INT.pack(number)


REDELIVERED = _field("redelivered", _integer(1))
DELIVERED_FIRST = _field("redelivered", _integer(0))


def of_message(message):
    """Return the fields that are the same in all copies of a message."""
    keys = message.properties.extra_keys
    keys = (message.routing_key, *keys) if keys else (message.routing_key,)
    return _address_fields(message.exchange, keys) + _properties_field(message)


def content_header(body_size, parts, seconds):
    """Return the payload of a content header whose only property is the table of these fields and the time."""
    fields = b"".join(parts)
    return b"".join(
        (
            messages.content_prefix(body_size),
            _HEADERS.pack(_HEADERS_FLAG, len(fields) + _TIMESTAMP.size),
            fields,
            _TIMESTAMP.pack(_TIMESTAMP_NAME, int(seconds * 1_000_000)),
        )
    )


@functools.lru_cache(maxsize=_REMEMBERED)
def address(exchange_name, routing_key):
    """Return (a routing key that is short enough, the address as octets)."""
    routing_key = method.shorten(routing_key)
    return routing_key, method.encode_address(exchange_name, routing_key)


def place(vhost_name):
    """Return the fields that are the same in all copies of a vhost."""
    node = field_table.long_string(f"minova@{platform.node()}")
    return _field("node", node) + _field("vhost", field_table.long_string(vhost_name))


def routed_queues(names):
    return _routed_queues(names) if len(names) <= _NAMES_REMEMBERED else _make_routed_queues(names)


def numbers(facts):
    """Return fields of whole numbers."""
    return b"".join(_field(name, field_table.long(number)) for name, number in facts.items())


def _make_routed_queues(names):
    return _field("routed_queues", field_table.array(map(field_table.long_string, names)))


_routed_queues = functools.lru_cache(maxsize=_REMEMBERED)(_make_routed_queues)


@functools.lru_cache(maxsize=_REMEMBERED)
def _address_fields(exchange_name, routing_keys):
    keys = field_table.array(map(field_table.long_string, routing_keys))
    return _field("exchange_name", field_table.long_string(exchange_name)) + _field("routing_keys", keys)


def of_channel(channel):
    """Return the fields that are the same in all copies that a channel caused; None stands for nobody known."""
    if channel is None:
        return _NOBODY
    if channel.trace_fields is None:
        connection = channel.connection
        channel.trace_fields = _sender_fields(connection.name, channel.id, connection.user.name)
    return channel.trace_fields


def _sender_fields(connection_name, channel_id, user_name):
    return b"".join(
        (
            _field("connection", field_table.long_string(connection_name)),
            _field("channel", _integer(channel_id)),
            _field("user", field_table.long_string(user_name)),
        )
    )


def _properties_field(message):
    encoded = message.header[12:]
    return _remembered_properties(encoded) if len(encoded) < _LONGEST_REMEMBERED else _properties(encoded)


def _properties(encoded):
    """The field `properties`: a table of those that are set and not empty."""
    fields = {}
    for name, octets in properties.split(encoded).items():
        if name == "headers":
            fields[name] = field_table.TABLE + octets
        elif name == "timestamp":
            fields[name] = b"T" + octets
        elif name in _NUMBERS:
            fields[name] = _integer(octets[0])
        elif len(octets) > 1:  # a short string that is not empty
            fields[_NAMES.get(name, name)] = b"S" + (len(octets) - 1).to_bytes(4) + octets[1:]
    return _field("properties", field_table.table(fields))


_remembered_properties = functools.lru_cache(maxsize=_REMEMBERED)(_properties)
_NAMES = {"message_type": "type"}
_NOBODY = _sender_fields("", 0, "")
