# SPDX-License-Identifier: Apache-2.0

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands

from minova.broker import errors, frame, message

PROPERTIES = commands.Basic.Properties(
    content_type="application/json",
    headers={"a": [1, {"b": "c"}]},
    delivery_mode=2,
    expiration="1500",
    user_id="guest",
)


def test_the_brokers_properties_are_read():
    size, properties = message.decode_header(message.encode_header(PROPERTIES, 42))
    assert size == 42
    assert (properties.expiration_seconds, properties.user_id) == (1.5, "guest")


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_but_amqp_errors(garbage):
    with contextlib.suppress(errors.ConnectionException):
        message.decode_header(b"\x00\x3c\x00\x00" + bytes(8) + garbage)


@given(st.integers(12, 80), st.binary(min_size=1, max_size=3))
def test_garbled_properties_raise_nothing_but_amqp_errors(position, replacement):
    header = message.encode_header(PROPERTIES, 42)
    with contextlib.suppress(errors.ConnectionException):
        message.decode_header(header[:position] + replacement + header[position + len(replacement) :])


@pytest.mark.parametrize("extra", [b"x", b"\x00\x00"])
def test_properties_must_fill_the_frame(extra):
    with pytest.raises(errors.ConnectionException):
        message.decode_header(message.encode_header(PROPERTIES, 42) + extra)


def test_header_of_another_class_is_refused():
    with pytest.raises(
        errors.ConnectionException, match="expected content header for class 60, got one for class 50"
    ):
        message.decode_header(b"\x00\x32\x00\x00" + bytes(10))


def test_body_is_cut_to_the_frame_size():
    whole = message.Message("", "q", b"", message.encode_header(PROPERTIES, 10_000), b"x" * 10_000)
    parts = list(frame.FrameReader(4096).frames(whole.content_frames(5, 4096)))
    assert [(kind, channel_id) for kind, channel_id, _ in parts] == [(2, 5), (3, 5), (3, 5), (3, 5)]
    assert b"".join(payload for _, _, payload in parts[1:]) == b"x" * 10_000


def test_empty_body_has_no_frame():
    empty = message.Message("", "q", b"", message.encode_header(PROPERTIES, 0), b"")
    assert len(list(frame.FrameReader(4096).frames(empty.content_frames(1, 4096)))) == 1
