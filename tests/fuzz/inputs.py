# SPDX-License-Identifier: Apache-2.0
"""What a client gone wrong might send: octets made from a source of choices, a random.Random or hypothesis's like."""

import struct

from pamqp import commands, encode

from minova.broker import frame
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, OPEN, PUBLISH, START_OK, TUNE_OK, WORK, marshal

MOST_STEPS = 12

_NAMES = [
    "",
    "q",
    "r",
    "x",
    "y",
    "amq.topic",
    "amq.direct",
    "amq.headers",
    "amq.fanout",
    "amq.rabbitmq.trace",
]
_NAMES += ["amq.rabbitmq.reply-to", "amq.gen-1", "nope", "a.b.c", "#", "*.b", "\x00", "\u00e9" * 100]
_USUAL_NAMES = {"exchange": "xy", "source": "xy", "destination": "xy", "queue": "qr", "consumer_tag": "ab"}
_TYPES = ["direct", "fanout", "topic", "headers"] * 5 + ["x-none", ""]
_RARE_BITS = ("passive", "immediate", "nowait")  # which leave nothing to see, or end it all
_INTEGERS = [0, 1, 2, 3, 255, 256, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1]
_ARGUMENT_NAMES = [
    "x-expires",
    "x-message-ttl",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-single-active-consumer",
    "x-queue-type",
    "x-queue-mode",
    "x-match",
    "x-priority",
    "x-death",
    "alternate-exchange",
    "CC",
    "BCC",
    "a",
]
_ARGUMENT_VALUES = [0, 1, 10, 60000, -1, 2**40, "", "x", "q", "all", "any", "drop-head", "reject-publish"]
_ARGUMENT_VALUES += [
    "classic",
    "quorum",
    True,
    None,
    1.5,
    bytearray(b"\xff"),
    ["q", "r"],
    [1],
    {"a": {"b": [None]}},
    [],
]
_EXPIRATIONS = ["0", "1", "60000", "-1", "x", "1.5", "", "9" * 30]
_SIZES = {"octet": 1, "short": 2, "long": 4, "longlong": 8}
_METHODS = [method for method in commands.INDEX_MAPPING.values() if method.name.split(".")[0] != "Connection"]
_CONNECTION_METHODS = [method for method in commands.INDEX_MAPPING.values() if method not in _METHODS]
_TRANSACTION = [
    commands.Tx.Select,
    commands.Basic.Get,
    commands.Basic.Ack,
    commands.Tx.Commit,
    commands.Tx.Rollback,
]
# Most of what is sent shall be taken, or nothing behind the first frame would ever be tried.
_USUAL = [
    commands.Queue.Declare,
    commands.Queue.Bind,
    commands.Queue.Delete,
    commands.Queue.Purge,
    commands.Exchange.Declare,
    commands.Exchange.Bind,
    commands.Exchange.Delete,
    commands.Basic.Get,
    commands.Basic.Get,
    commands.Basic.Get,
    commands.Basic.Consume,
    commands.Basic.Consume,
    commands.Basic.Qos,
    commands.Basic.Cancel,
    commands.Basic.Ack,
    commands.Basic.Nack,
    commands.Basic.Reject,
    commands.Basic.Recover,
    commands.Confirm.Select,
    commands.Tx.Select,
]

# So that much of what follows finds what it names.
PRELUDE = CHANNEL_OPEN + marshal(
    1,
    commands.Queue.Declare(0, "q", arguments={"x-expires": 60000}),
    commands.Queue.Declare(0, "r", arguments={"x-max-length": 2, "x-dead-letter-exchange": "x"}),
    commands.Exchange.Declare(0, "x", "topic"),
    commands.Exchange.Declare(0, "y", "headers"),
    commands.Queue.Bind(0, "q", "x", "#"),
    commands.Exchange.Bind(0, "y", "x", "*"),
)


def make_stream(choices):
    """Return what one connection sends from its first octet on."""
    kind = choices.randrange(10)
    if kind == 0:
        return mutate(choices, frame.PROTOCOL_HEADER + START_OK + TUNE_OK + OPEN)
    if kind == 1:
        return frame.PROTOCOL_HEADER + b"".join(
            _connection_frame(choices) for _ in range(choices.randrange(1, 5))
        )
    if kind == 2:
        return HANDSHAKE + b"".join(_random_frame(choices) for _ in range(choices.randrange(1, 5)))
    if kind == 3:
        return HANDSHAKE + mutate(choices, b"".join(WORK))
    stream = PRELUDE + b"".join(make_step(choices) for _ in range(choices.randrange(1, MOST_STEPS)))
    return HANDSHAKE + (mutate(choices, stream) if kind < 6 else stream)


def make_step(choices):
    """Return a frame, or a publication, on a channel that probably is open."""
    channel_id = 1 if choices.random() < 0.95 else choices.choice([0, 2, 3, 65535])
    if choices.random() < 0.3:
        return PUBLISH if choices.random() < 0.5 else _publication(choices, channel_id)
    if choices.random() < 0.02:
        return _random_frame(choices)
    if choices.random() < 0.1:
        return marshal(channel_id, commands.Channel.Close(200, "", 0, 0)) + marshal(
            channel_id, commands.Channel.Open()
        )
    if choices.random() < 0.1:
        return b"".join(encode_method(choices, method, channel_id) for method in _TRANSACTION)
    method = choices.choice(_USUAL if choices.random() < 0.95 else _METHODS)
    return encode_method(choices, method, channel_id)


def encode_method(choices, method, channel_id):
    """Return the frame of a method with arguments of the right types, and of any value."""
    return frame.encode(frame.METHOD, channel_id, method.index.to_bytes(4) + _arguments(choices, method))


def mutate(choices, stream):
    """Return the octets with some changed, inserted, doubled or left out."""
    octets = bytearray(stream)
    for _ in range(choices.randrange(1, 4)):
        start = choices.randrange(len(octets) + 1)
        end = min(len(octets), start + choices.choice([1, 1, 1, 4, 30]))
        way = choices.randrange(4)
        if way == 0:
            octets[start:end] = choices.randbytes(end - start)
        elif way == 1:
            octets[start:start] = choices.randbytes(choices.randrange(1, 9))
        elif way == 2:
            octets[start:start] = octets[start:end]
        else:
            del octets[start:end]
    return bytes(octets)


def _connection_frame(choices):
    method = choices.choice(_CONNECTION_METHODS)
    return encode_method(choices, method, 0 if choices.random() < 0.9 else 1)


def _random_frame(choices):
    kind = choices.choice([frame.METHOD, frame.HEADER, frame.BODY, frame.HEARTBEAT, 0, 255])
    payload = choices.randbytes(choices.choice([0, 1, 4, 14, 40]))
    return frame.encode(kind, choices.choice([0, 1, 1, 2]), payload)


def _publication(choices, channel_id):
    body = choices.randbytes(choices.choice([0, 1, 5, 5000]))
    size = len(body) if choices.random() < 0.9 else choices.choice([*_INTEGERS, len(body) + 1])
    encoded = struct.pack(">HHQ", 60, 0, size) + _properties(choices)
    frames = [
        encode_method(choices, commands.Basic.Publish, channel_id),
        frame.encode(frame.HEADER, channel_id, encoded),
    ]
    if body:
        cut = choices.randrange(len(body))
        frames += [frame.encode(frame.BODY, channel_id, part) for part in (body[:cut], body[cut:])]
    return b"".join(frames)


def _properties(choices):
    flags, encoded = 0, b""
    for name in commands.Basic.Properties.attributes():
        if choices.random() < 0.8:
            continue
        flags |= commands.Basic.Properties.flags[name]
        if name == "expiration":
            encoded += encode.short_string(choices.choice(_EXPIRATIONS))
        else:
            encoded += _value(choices, commands.Basic.Properties.amqp_type(name))
    return flags.to_bytes(2) + encoded


def _arguments(choices, method):
    encoded, bits, bit_count = b"", 0, 0
    for name in method.attributes():
        kind = method.amqp_type(name)
        if kind == "bit":
            bits |= (choices.random() < (0.05 if name in _RARE_BITS else 0.3)) << bit_count
            bit_count += 1
            continue
        if bit_count:
            encoded, bits, bit_count = encoded + bytes([bits]), 0, 0
        encoded += _argument(choices, name, kind)
    return encoded + (bytes([bits]) if bit_count else b"")


def _argument(choices, name, kind):
    if name == "exchange_type":
        return encode.short_string(choices.choice(_TYPES))
    if name in _USUAL_NAMES and choices.random() < 0.8:
        return encode.short_string(choices.choice(_USUAL_NAMES[name]))
    if kind in _SIZES and choices.random() < 0.7:
        return choices.choice([0, 1, 1, 2]).to_bytes(_SIZES[kind]) if name != "prefetch_size" else bytes(4)
    return _value(choices, kind)


def _value(choices, kind):
    if kind in _SIZES:
        size = _SIZES[kind]
        return (choices.choice(_INTEGERS) % 256**size).to_bytes(size)
    if kind == "timestamp":
        return choices.choice(_INTEGERS).to_bytes(8)
    if kind == "table":
        return _table(choices)
    text = choices.choice(_NAMES).encode()
    return bytes([len(text)]) + text if kind == "shortstr" else len(text).to_bytes(4) + text


def _table(choices):
    names = {choices.choice(_ARGUMENT_NAMES) for _ in range(choices.choice([0, 0, 0, 1, 2, 4]))}
    return encode.field_table({name: choices.choice(_ARGUMENT_VALUES) for name in sorted(names)})
