# SPDX-License-Identifier: Apache-2.0

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import decode, encode

from minova.broker import field_table

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=20)
    | st.binary(max_size=5).map(bytearray),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=5))
def test_table_is_read_as_pamqp_reads_it(table):
    encoded = encode.field_table(table)
    assert field_table.read(b"before" + encoded, 6) == (decode.field_table(encoded)[1], 6 + len(encoded))


@pytest.mark.parametrize(
    "field",
    [
        b"t\x01",
        b"b\xff",
        b"B\xff",
        b"s\xff\xfe",
        b"u\xff\xfe",
        b"I\xff\xff\xff\xfe",
        b"i\xff\xff\xff\xfe",
        b"l" + bytes(7) + b"\x05",
        b"L" + b"\xff" * 8,
        b"f" + bytes(4),
        b"d" + bytes(8),
        b"D\x02\xff\xff\xff\xfe",
        b"S\0\0\0\x02\xff\xfe",
        b"x\0\0\0\x01a",
        b"T\0\0\0\0\x65\0\0\0",
        b"T" + struct.pack(">Q", 1_700_000_000_000),
        b"V",
        b"\0",
    ],
)
def test_field_is_read_as_pamqp_reads_it(field):
    assert field_table.value(field) == decode.embedded_value(field)[1]


@given(st.binary(max_size=40))
def test_garbage_is_no_table(garbage):
    """Whatever is read, is read to an end within the octets."""
    with contextlib.suppress(IndexError, ValueError, OverflowError, OSError, ArithmeticError, struct.error):
        _, end = field_table.read(garbage)
        assert end <= len(garbage)


def test_table_of_tables_without_end():
    with pytest.raises(ValueError, match="too deep"):
        field_table.value(
            b"A" + b"".join(struct.pack(">I", 5 * n) + b"A" for n in range(3000, 0, -1)) + bytes(4)
        )


def test_a_frame_of_small_fields_is_read_at_once():
    """Fields were copied with all that follows them: four gigabytes for a frame of these."""
    field = b"A" + struct.pack(">I", 100_000) + b"t\x01" * 50_000
    assert len(field_table.value(field)) == 50_000


@given(st.dictionaries(st.text(max_size=20), VALUES, max_size=5))
def test_table_is_the_same_after_it_was_taken_apart(table):
    encoded = encode.field_table(table)
    fields = field_table.split(encoded)
    assert set(fields) == set(table)
    assert field_table.join(fields) == encoded


@given(st.lists(VALUES, max_size=5))
def test_array_is_the_same_after_it_was_taken_apart(values):
    field = b"A" + encode.field_array(values)
    assert field_table.array(field_table.split_array(field)) == field


def test_fields_are_made_for_any_reader():
    fields = {
        "text": field_table.long_string("größe"),
        "number": field_table.long(-1),
        "table": field_table.table({"a": field_table.array([field_table.long(1)])}),
    }
    _, table = decode.field_table(field_table.join(fields))
    assert table == {"text": "größe", "number": -1, "table": {"a": [1]}}


def test_value_of_a_field_or_of_none():
    assert field_table.value(field_table.timestamp(0)).year == 1970
    assert field_table.value(None) is None
