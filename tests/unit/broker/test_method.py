# SPDX-License-Identifier: Apache-2.0

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp import frame as pamqp_frame

from minova.broker import errors, method

INDEXES = st.sampled_from(sorted(commands.INDEX_MAPPING)).map(lambda index: index.to_bytes(4))
DECLARE = pamqp_frame.marshal(commands.Queue.Declare(0, "q", durable=True, arguments={"x-expires": 5}), 1)[
    7:-1
]


@given(st.one_of(st.binary(max_size=60), st.builds(bytes.__add__, INDEXES, st.binary(max_size=60))))
def test_garbage_raises_nothing_but_amqp_errors(payload):
    with contextlib.suppress(errors.ConnectionException):
        method.decode_method(payload)


@given(st.integers(0, len(DECLARE) - 1), st.binary(min_size=1, max_size=3))
def test_garbled_method_raises_nothing_but_amqp_errors(position, replacement):
    with contextlib.suppress(errors.ConnectionException):
        method.decode_method(DECLARE[:position] + replacement + DECLARE[position + len(replacement) :])


def test_fields_and_bits_are_read():
    declare = method.decode_method(DECLARE)
    assert (declare.queue, declare.durable, declare.exclusive) == ("q", True, False)
    assert declare.arguments == {"x-expires": 5}


@pytest.mark.parametrize("payload", [DECLARE[:-1], DECLARE + b"x", b"", b"\x00\x3c", b"\x00\x3c\x00\xc7"])
def test_fields_must_fill_the_frame(payload):
    with pytest.raises(errors.ConnectionException):
        method.decode_method(payload)


def test_deeply_nested_table_is_an_amqp_error():
    table = b""
    for _ in range(2000):
        table = b"\x01aF" + len(table).to_bytes(4) + table
    payload = DECLARE[: DECLARE.index(b"\x09x-expires") - 4] + len(table).to_bytes(4) + table
    with pytest.raises(errors.ConnectionException):
        method.decode_method(payload)


def test_publish_keeps_its_address_as_it_came():
    payload = pamqp_frame.marshal(commands.Basic.Publish(0, "x", "key.é", mandatory=True), 1)[7:-1]
    publish = method.decode_publish(payload)
    assert publish[:4] == ("x", "key.é", True, False)
    assert publish.address == method.encode_address("x", "key.é")


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (method.encode_ack(3, 7), commands.Basic.Ack(7)),
        (
            method.encode_deliver(
                3, method.deliver_prefix("tag"), 7, True, method.encode_address("x", "key")
            ),
            commands.Basic.Deliver("tag", 7, True, "x", "key"),
        ),
        (
            method.encode_get_ok(3, 7, False, method.encode_address("x", "key"), 9),
            commands.Basic.GetOk(7, False, "x", "key", 9),
        ),
        (
            method.encode_return(3, 312, "NO_ROUTE", method.encode_address("", "key")),
            commands.Basic.Return(312, "NO_ROUTE", "", "key"),
        ),
        (method.encode_queue_declare_ok(3, "q", 1, 2), commands.Queue.DeclareOk("q", 1, 2)),
    ],
)
def test_methods_written_by_hand_are_what_pamqp_writes(encoded, expected):
    assert encoded == pamqp_frame.marshal(expected, 3)


def test_queue_names_in_any_characters_are_written():
    assert "größe!".encode() in method.encode_queue_declare_ok(1, "größe!", 0, 0)


def test_shorten_cuts_between_characters():
    assert len(method.shorten("é" * 200).encode()) == 254
