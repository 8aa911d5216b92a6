# SPDX-License-Identifier: Apache-2.0
"""AMQP methods: pamqp's classes for most, by hand the few that every message needs.

pamqp reads leniently (a string that is cut short is taken as it is) and writes strictly (names in characters
that RabbitMQ allows are refused), so the walk over a method's fields is here and pamqp decodes each field.
"""

import functools
import struct
import typing

from pamqp import commands, decode
from pamqp import frame as pamqp_frame

from minova.broker import errors, frame

BASIC_PUBLISH = struct.pack(">HH", 60, 40)
BASIC_ACK = struct.pack(">HH", 60, 80)

_BASIC_DELIVER = struct.pack(">HH", 60, 60)
_BASIC_GET_OK = struct.pack(">HH", 60, 71)
_BASIC_RETURN = struct.pack(">HH", 60, 50)
_QUEUE_DECLARE_OK = struct.pack(">HH", 50, 11)

_ACK_FRAME = struct.Struct(">BHI4sQBB")
_DELIVERY = struct.Struct(">Q?")
_FRAME_PREFIX = struct.Struct(">BHI")
_NOT_DECODABLE = (
    ValueError,
    TypeError,
    OverflowError,
    OSError,
    ArithmeticError,
    RecursionError,
    struct.error,
)


class PublishArguments(typing.NamedTuple):
    exchange: str
    routing_key: str
    mandatory: bool
    immediate: bool
    address: bytes  # exchange and routing key as they came, which is how they go out again


def encode(channel_id, method):
    """Return the frame of a method of pamqp's."""
    return pamqp_frame.marshal(method, channel_id)


def decode_method(payload):
    """Return the method of pamqp's that a method frame's payload holds.

    :raises errors.ConnectionException: 501 for what is no method, 503 for one that nobody knows
    """
    if len(payload) < 4:
        raise errors.frame_error(frame.METHOD, payload)
    method_class = commands.INDEX_MAPPING.get(int.from_bytes(payload[:4]))
    if method_class is None:
        # Where RabbitMQ hangs up without a word.
        raise errors.ConnectionException(503, f"unknown method {errors.list_octets(payload[:4])}")
    method = method_class()
    try:
        _read_fields(method, payload)
    except UnicodeDecodeError as err:
        raise errors.FrameException(501, "Malformed UTF-8 in shortstr") from err
    except _NOT_DECODABLE as err:
        raise _not_decodable(payload) from err
    return method


@functools.lru_cache(maxsize=4096)
def decode_publish(payload):
    """Return the arguments of Basic.Publish; a sender repeats the same few, so they are remembered."""
    method = decode_method(payload)
    return PublishArguments(
        method.exchange, method.routing_key, method.mandatory, method.immediate, bytes(payload[6:-1])
    )


def decode_ack(payload):
    """Return (delivery tag, multiple) of Basic.Ack."""
    if len(payload) != 13:
        raise _not_decodable(payload)
    return int.from_bytes(payload[4:12]), bool(payload[12] & 1)


def encode_ack(channel_id, delivery_tag):
    return _ACK_FRAME.pack(frame.METHOD, channel_id, 13, BASIC_ACK, delivery_tag, 0, 0xCE)


def deliver_prefix(consumer_tag):
    """Return the part of Basic.Deliver that is the same for every message of a consumer."""
    return _BASIC_DELIVER + short_string(consumer_tag)


def encode_deliver(channel_id, prefix, delivery_tag, redelivered, address):
    size = len(prefix) + _DELIVERY.size + len(address)
    return b"".join(
        (
            _FRAME_PREFIX.pack(frame.METHOD, channel_id, size),
            prefix,
            _DELIVERY.pack(delivery_tag, redelivered),
            address,
            frame.END,
        )
    )


def encode_get_ok(channel_id, delivery_tag, redelivered, address, message_count):
    payload = b"".join(
        (_BASIC_GET_OK, _DELIVERY.pack(delivery_tag, redelivered), address, struct.pack(">I", message_count))
    )
    return frame.encode(frame.METHOD, channel_id, payload)


def encode_return(channel_id, reply_code, reply_text, address):
    payload = b"".join((_BASIC_RETURN, struct.pack(">H", reply_code), short_string(reply_text), address))
    return frame.encode(frame.METHOD, channel_id, payload)


def encode_queue_declare_ok(channel_id, queue_name, message_count, consumer_count):
    payload = b"".join(
        (_QUEUE_DECLARE_OK, short_string(queue_name), struct.pack(">II", message_count, consumer_count))
    )
    return frame.encode(frame.METHOD, channel_id, payload)


def encode_address(exchange_name, routing_key):
    return short_string(exchange_name) + short_string(routing_key)


def shorten(text):
    """Cut a text to what a short string holds, 255 octets of UTF-8."""
    return text.encode()[:255].decode(errors="ignore")


def short_string(text):
    """Return a text as a short string's octets."""
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _read_fields(method, payload):
    offset = 4
    bits_read = 0
    for name in method.attributes():
        field_type = method.amqp_type(name)
        if field_type == "bit":
            value = bool(payload[offset] >> bits_read & 1) if offset < len(payload) else _cut_short()
            bits_read += 1
        else:
            offset += bits_read > 0
            bits_read = 0
            used, value = decode.by_type(payload[offset:], field_type)
            offset += used
        setattr(method, name, value)
    if offset + (bits_read > 0) != len(payload):
        _cut_short()


def _not_decodable(payload):
    # As many octets as the text has room for, and then some.
    return errors.ConnectionException(501, f"cannot decode {errors.list_octets(payload[4:260])}")


def _cut_short():
    raise ValueError("the fields do not fill the frame")
