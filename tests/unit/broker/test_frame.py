# SPDX-License-Identifier: Apache-2.0

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minova.broker import errors, frame

FRAMES = st.lists(
    st.tuples(
        st.sampled_from([frame.METHOD, frame.HEADER, frame.BODY, frame.HEARTBEAT]),
        st.integers(0, 65535),
        st.binary(max_size=200),
    ),
    max_size=8,
)


def read_in_pieces(data, cuts, frame_max=4096):
    reader = frame.FrameReader(frame_max)
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    found = []
    for start, end in zip(edges, edges[1:], strict=False):
        found += reader.frames(data[start:end])
    return found


@given(FRAMES, st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_come_out_however_the_stream_is_cut(frames, cuts):
    data = b"".join(frame.encode(*parts) for parts in frames)
    assert read_in_pieces(data, cuts) == frames


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=10))
def test_garbage_raises_nothing_but_amqp_errors(data, cuts):
    with contextlib.suppress(errors.ConnectionException):
        read_in_pieces(data, cuts)


def test_frames_before_a_broken_one_are_read():
    reader = frame.FrameReader(4096)
    stream = reader.frames(frame.HEARTBEAT_FRAME + b"\x01\x00\x01\x00\x00\x00\x01x!")
    assert next(stream) == (frame.HEARTBEAT, 0, b"")
    with pytest.raises(errors.ConnectionException, match="invalid_frame_end_marker,33"):
        next(stream)


def test_nothing_is_kept_after_a_broken_frame():
    reader = frame.FrameReader(4096)
    with pytest.raises(errors.ConnectionException):
        list(reader.frames(b"GET / HTTP/1.1\r\n"))
    assert list(reader.frames(frame.HEARTBEAT_FRAME)) == []


def test_too_large_a_frame_is_refused_before_it_has_come():
    with pytest.raises(errors.ConnectionException, match="frame_too_large,65536,4088"):
        list(frame.FrameReader(4096).frames(b"\x03\x00\x01\x00\x01\x00\x00x"))
