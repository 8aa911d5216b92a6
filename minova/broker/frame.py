# SPDX-License-Identifier: Apache-2.0
"""AMQP frames: cut the byte stream into frames, and put frames together (AMQP 0-9-1, section 4.2.3)."""

import struct

from minova.broker import errors

METHOD = 1
HEADER = 2
BODY = 3
HEARTBEAT = 8

END = b"\xce"
OVERHEAD = 8  # octets of a frame around its payload: kind, channel, size, end
MIN_FRAME_MAX = 4096

HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

_PREFIX = struct.Struct(">BHI")
_KINDS = (METHOD, HEADER, BODY, HEARTBEAT)
_TOLERANCE = 8  # octets by which RabbitMQ lets a client misunderstand frame_max


def encode(kind, channel_id, payload):
    return b"".join((_PREFIX.pack(kind, channel_id, len(payload)), payload, END))


def encode_two(channel_id, content_header, body):
    """Return a content header and a body that fits one frame: what most messages are."""
    prefix = _PREFIX.pack
    return b"".join(
        (
            prefix(HEADER, channel_id, len(content_header)),
            content_header,
            END,
            prefix(BODY, channel_id, len(body)),
            body,
            END,
        )
    )


class FrameReader:
    """Cuts what a socket delivers into frames, and keeps the incomplete rest for the next time."""

    def __init__(self, frame_max):
        self.frame_max = frame_max
        self._rest = bytearray()
        self._wanted = 0  # octets that the incomplete frame needs; spares looking at it again before
        self._is_lost = False  # after a wrong octet nobody knows where the next frame starts

    def frames(self, data):
        """Yield (kind, channel id, payload) for each complete frame.

        :raises errors.ConnectionException: 501, when the stream is not made of frames
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return
            data = bytes(self._rest)
            self._rest.clear()
        offset = 0
        available = len(data)
        while not self._is_lost and available - offset >= OVERHEAD:
            kind, channel_id, size = _PREFIX.unpack_from(data, offset)
            end = offset + 7 + size
            if size > self.frame_max - OVERHEAD + _TOLERANCE:
                # Before the payload has come: a wrong size must not make the broker wait for, or hold, that much.
                raise self._lost(kind, b"", f"{{frame_too_large,{size},{self.frame_max - OVERHEAD}}}")
            if end >= available:
                break
            payload = data[offset + 7 : end]
            if data[end] != 0xCE:
                raise self._lost(kind, payload, f"{{invalid_frame_end_marker,{data[end]}}}")
            if kind not in _KINDS:
                raise self._lost(kind, payload, "unknown_frame")
            offset = end + 1
            yield kind, channel_id, payload
        else:
            size = 0
        if offset < available and not self._is_lost:
            self._rest = bytearray(data[offset:])
            self._wanted = size + OVERHEAD

    def _lost(self, kind, payload, reason):
        self._is_lost = True
        return errors.frame_error(kind, payload, reason)
