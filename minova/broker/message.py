# SPDX-License-Identifier: Apache-2.0
"""A message, and its content as frames (AMQP 0-9-1, section 4.2.6)."""

import struct

from pamqp import header

from minova.broker import errors, field_table, frame, memory, properties

_CONTENT = struct.Struct(">HHQ")
_BASIC_CLASS = 60


class Message:
    """What was published: never changed, shared by all queues that it was routed to."""

    __slots__ = (
        "_frames",
        "_frames_for",
        "_is_shared",
        "_memory",
        "_octets",
        "address",
        "body",
        "exchange",
        "header",
        "properties",
        "routing_key",
    )

    def __init__(self, exchange, routing_key, address, content_header, body, properties=properties.NONE):
        self.exchange = exchange
        self.routing_key = routing_key
        self.address = address
        self.header = content_header
        self.body = body
        self.properties = properties
        self._frames = b""
        self._frames_for = None
        self._is_shared = False  # by several queues
        self._memory = None
        self._octets = 0

    def __del__(self):
        if self._memory is not None:
            self._memory.remove(self._octets)

    def charge(self, account, queue_count):
        """Have what the message takes, in so many queues more, counted for as long as it exists."""
        octets = queue_count * memory.ENTRY_OCTETS
        if queue_count > 1:
            self._is_shared = True
        if self._memory is None:
            self._memory = account
            octets += memory.MESSAGE_OCTETS + len(self.header) + len(self.body)
        self._octets += octets
        account.add(octets)

    @property
    def routing_keys(self):
        """All of them: what CC and BCC name comes after the one in Basic.Publish."""
        return [self.routing_key, *self.properties.extra_keys]

    def content_frames(self, channel_id, frame_max):
        """Return header and body as frames; a fanout's consumers mostly share channel id and frame size."""
        if not self._is_shared:
            return _encode_content(channel_id, frame_max, self.header, self.body)
        if self._frames_for != (channel_id, frame_max):
            before = len(self._frames)
            self._frames = _encode_content(channel_id, frame_max, self.header, self.body)
            self._frames_for = (channel_id, frame_max)
            if self._memory is not None:
                self._octets += len(self._frames) - before
                self._memory.add(len(self._frames) - before)
        return self._frames

    def decode_properties(self):
        """Return all properties as pamqp's object."""
        content = header.ContentHeader()
        content.unmarshal(self.header)
        return content.properties

    def decode_headers(self):
        """Return the property `headers`; {} when it is not set."""
        encoded = properties.split(self.header[12:]).get("headers")
        return field_table.read(encoded)[0] if encoded else {}


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
    return body_size, properties.read(payload[12:])


def encode_header(message_properties, body_size):
    """Return the payload of a content header with pamqp's properties."""
    return content_prefix(body_size) + message_properties.marshal()


def content_prefix(body_size):
    """Return what a content header begins with: all but the properties."""
    return _CONTENT.pack(_BASIC_CLASS, 0, body_size)


def change_header(payload, **changes):
    """Return a content header with some properties replaced by other octets, or by None taken away."""
    values = properties.split(payload[12:]) | changes
    return payload[:12] + properties.join(
        {name: octets for name, octets in values.items() if octets is not None}
    )


def split_headers(payload):
    """Return the fields of the property `headers` in a content header; see field_table.py."""
    encoded = properties.split(payload[12:]).get("headers")
    return field_table.split(encoded) if encoded else {}


def without_header(payload, name):
    """Return the property `headers` of a content header, as octets, without one field."""
    fields = split_headers(payload)
    fields.pop(name, None)
    return field_table.join(fields)


def _encode_content(channel_id, frame_max, content_header, body):
    if 0 < len(body) <= frame_max - frame.OVERHEAD:
        return frame.encode_two(channel_id, content_header, body)
    parts = [frame.encode(frame.HEADER, channel_id, content_header)]
    room = frame_max - frame.OVERHEAD
    for start in range(0, len(body), room):
        parts.append(frame.encode(frame.BODY, channel_id, body[start : start + room]))
    return b"".join(parts)
