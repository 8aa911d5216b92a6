# SPDX-License-Identifier: Apache-2.0
"""A message's properties as octets (AMQP 0-9-1, section 4.2.6.1): read what concerns the broker, replace single ones.

Properties pass through the broker as the octets that came, so that a consumer gets the very types that were sent;
they are read once, to refuse what a consumer could not decode.
"""

import functools
import struct
import typing

from pamqp import commands, decode

from minova.broker import errors, field_table

_NOT_DECODABLE = (
    IndexError,
    ValueError,
    TypeError,
    OverflowError,
    OSError,
    ArithmeticError,
    RecursionError,
    struct.error,
)
LONGEST_MS = 315_360_000_000  # ten years, RabbitMQ's longest time

_FLAGS = commands.Basic.Properties.flags
_TYPES = {name: commands.Basic.Properties.amqp_type(name) for name in _FLAGS}
_CONTINUED = 1  # of the flags: more of them follow, which AMQP 0-9-1 has no use for
_ROUTING_HEADERS = ("CC", "BCC")
_BROKER_ACTS_UPON = ("delivery_mode", "expiration", "headers", "priority", "reply_to", "user_id")


class Properties(typing.NamedTuple):
    """Of a message's properties, those that the broker acts upon."""

    expiration_seconds: float | None = None
    extra_keys: tuple = ()  # further routing keys, from the headers CC and BCC
    has_bcc: bool = False
    is_persistent: bool = False  # delivery_mode 2
    priority: int = 0
    reply_to: str | None = None
    user_id: str | None = None
    is_copy: bool = False  # of the firehose's
    flaw: str | None = None  # RabbitMQ's words for what makes it refuse the message (406)


NONE = Properties()


def read(encoded):
    """Return the Properties in the octets of property flags and list.

    :raises errors.ConnectionException: 541
    """
    # A sender's properties mostly repeat; long ones hold headers, which seldom do and would fill the memory.
    return _read_and_remember(encoded) if len(encoded) < 200 else _read(encoded)


def split(encoded):
    """Return {name: encoded value} of the properties that are set."""
    flags = int.from_bytes(encoded[:2])
    offset = 2
    found = {}
    for name, flag in _FLAGS.items():
        if flags & flag:
            _, end = _read_value(name, encoded, offset)
            found[name] = encoded[offset:end]
            offset = end
    return found


def join(values):
    """Return property flags and list of what `split` returned."""
    present = [name for name in _FLAGS if name in values]
    flags = sum(_FLAGS[name] for name in present)
    return flags.to_bytes(2) + b"".join(values[name] for name in present)


@functools.lru_cache(maxsize=1024)
def _read_and_remember(encoded):
    return _read(encoded)


def _read(encoded):
    try:
        return _interpret(_decode(encoded))
    except _NOT_DECODABLE as err:
        raise errors.internal_error() from err


def _decode(encoded):
    flags = int.from_bytes(encoded[:2])
    if flags & _CONTINUED:
        raise ValueError("more flags than there are properties")
    offset = 2
    values = dict.fromkeys(_BROKER_ACTS_UPON)
    for name, flag in _FLAGS.items():
        if flags & flag:
            value, offset = _read_value(name, encoded, offset)
            if name in values:
                values[name] = value
    if offset != len(encoded):
        raise ValueError("the properties do not fill the frame")
    return values


def _read_value(name, encoded, offset):
    if name == "headers":
        return field_table.read(encoded, offset, field_table.DEEPEST)
    used, value = decode.by_type(encoded[offset:], _TYPES[name])
    return value, offset + used


def _interpret(values):
    headers = values["headers"] or {}
    seconds, flaw = _read_expiration(values["expiration"])
    keys, routing_flaw = _read_routing_headers(headers)
    return Properties(
        expiration_seconds=seconds,
        extra_keys=keys,
        has_bcc="BCC" in headers,
        is_persistent=values["delivery_mode"] == 2,
        priority=values["priority"] or 0,
        reply_to=values["reply_to"],
        user_id=values["user_id"],
        flaw=flaw or routing_flaw or _find_delivery_mode_flaw(values["delivery_mode"]),
    )


def _read_expiration(expiration):
    """Return (seconds or None, what is wrong with it or None)."""
    if expiration is None:
        return None, None
    digits = expiration[1:] if expiration[:1] in ("+", "-") else expiration
    leading = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    rest = digits[len(leading) :]
    if not leading:
        reason = "no_integer"
    elif rest:
        reason = f'{{leftover_string,"{rest}"}}'
    elif int(expiration) < 0:
        reason = f"{{value_negative,{int(expiration)}}}"
    elif int(expiration) > LONGEST_MS:
        reason = f"{{value_too_large,{int(expiration)}}}"
    else:
        return int(expiration) / 1000, None
    return None, f"invalid expiration '{expiration}': {reason}"


def _read_routing_headers(headers):
    """Return (the routing keys in CC and BCC, what is wrong with them or None)."""
    keys = []
    for name in _ROUTING_HEADERS:
        value = headers.get(name, [])
        if not isinstance(value, list):
            reason = f'{{unacceptable_type_in_header,"{name}",{type_name(value)}}}'
            return (), f"invalid message: {reason}"
        keys += [key for key in value if isinstance(key, str)]
    return tuple(keys), None


def _find_delivery_mode_flaw(mode):
    return None if mode in (None, 1, 2) else f"invalid message: {{delivery_mode_unknown,{mode}}}"


def type_name(value):
    """Return RabbitMQ's name for a field's type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "signedint" if -(2**31) <= value < 2**31 else "long"
    names = {
        str: "longstr",
        bytes: "longstr",
        bytearray: "binary",
        float: "double",
        dict: "table",
        list: "array",
        type(None): "void",
    }
    return names.get(type(value), "unknown")
