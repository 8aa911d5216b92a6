# SPDX-License-Identifier: Apache-2.0
"""A message, and its content as frames (AMQP 0-9-1, sections 2.3.5 and 4.2.6).

Properties pass through the broker as the octets that came; they are read once, to refuse what a consumer could
not decode and to find what concerns the broker.
"""

import functools
import struct
import typing

from pamqp import commands, decode, header

from minova.broker import errors, frame

_CONTENT = struct.Struct(">HHQ")
_BASIC_CLASS = 60
_NOT_DECODABLE = (
    ValueError,
    TypeError,
    OverflowError,
    OSError,
    ArithmeticError,
    RecursionError,
    struct.error,
)
_CONTINUED = 1  # of the flags: more of them follow, which AMQP 0-9-1 has no use for


class Properties(typing.NamedTuple):
    """Of a message's properties, those that the broker acts upon."""

    expiration: str | None
    user_id: str | None


class Message:
    """What was published: never changed, shared by all queues that it was routed to."""

    __slots__ = ("_frames", "_frames_for", "address", "body", "exchange", "header", "routing_key")

    def __init__(self, exchange, routing_key, address, content_header, body):
        self.exchange = exchange
        self.routing_key = routing_key
        self.address = address
        self.header = content_header
        self.body = body
        self._frames = b""
        self._frames_for = None

    def content_frames(self, channel_id, frame_max):
        """Return header and body as frames; a fanout's consumers mostly share channel id and frame size."""
        if self._frames_for != (channel_id, frame_max):
            self._frames = _encode_content(channel_id, frame_max, self.header, self.body)
            self._frames_for = (channel_id, frame_max)
        return self._frames

    def decode_properties(self):
        """Return all properties as pamqp's object."""
        content = header.ContentHeader()
        content.unmarshal(self.header)
        return content.properties


def decode_header(payload):
    """Return (size of the body in octets, Properties) of a content header.

    :raises errors.ConnectionException: 501, 505, or 541 for properties that cannot be decoded
    """
    if len(payload) < 14:
        raise errors.frame_error(frame.HEADER, payload)
    class_id, weight, body_size = _CONTENT.unpack_from(payload)
    if class_id != _BASIC_CLASS:
        raise errors.ConnectionException(
            505, f"expected content header for class 60, got one for class {class_id} instead"
        )
    if weight:
        raise errors.ConnectionException(
            505, "expected content header for class 60, got non content header frame instead"
        )
    return body_size, _read_properties(payload[12:])


def encode_header(properties, body_size):
    """Return the payload of a content header with pamqp's properties."""
    return _CONTENT.pack(_BASIC_CLASS, 0, body_size) + properties.marshal()


def _encode_content(channel_id, frame_max, content_header, body):
    parts = [frame.encode(frame.HEADER, channel_id, content_header)]
    room = frame_max - frame.OVERHEAD
    for start in range(0, len(body), room):
        parts.append(frame.encode(frame.BODY, channel_id, body[start : start + room]))
    return b"".join(parts)


def _read_properties(encoded):
    # A sender's properties mostly repeat; long ones hold headers, which seldom do and would fill the memory.
    return _read_and_remember(encoded) if len(encoded) < 200 else _read(encoded)


@functools.lru_cache(maxsize=1024)
def _read_and_remember(encoded):
    return _read(encoded)


def _read(encoded):
    try:
        return _decode_properties(encoded)
    except _NOT_DECODABLE as err:
        raise errors.internal_error() from err


def _decode_properties(encoded):
    flags = int.from_bytes(encoded[:2])
    if flags & _CONTINUED:
        raise ValueError("more flags than there are properties")
    offset = 2
    wanted = {"expiration": None, "user_id": None}
    for name in commands.Basic.Properties.attributes():
        if flags & commands.Basic.Properties.flags[name]:
            used, value = decode.by_type(encoded[offset:], commands.Basic.Properties.amqp_type(name))
            offset += used
            if name in wanted:
                wanted[name] = value
    if offset != len(encoded):
        raise ValueError("the properties do not fill the frame")
    return Properties(**wanted)
