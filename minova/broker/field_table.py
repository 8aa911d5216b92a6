# SPDX-License-Identifier: Apache-2.0
"""Field tables (AMQP 0-9-1, section 4.2.5.5): read, and taken apart so that what is not changed stays as it was sent.

pamqp reads them too, but copies the rest of the octets for every field, which takes seconds for a frame full of small
ones. Values here are pamqp's. A field is a type's letter and the value: `b"S\\0\\0\\0\\1a"` is the long string "a".
"""

import datetime
import decimal
import struct

ARRAY = b"A"
TABLE = b"F"

DEEPEST = 64  # levels of a client's table; RabbitMQ knows no limit but its memory
_DEEPEST_OWN = 200  # with what the broker has put around it

_LENGTH = struct.Struct(">I")
_TIMESTAMP = struct.Struct(">Q")
_DECIMAL = struct.Struct(">Bi")
_LATEST_SECONDS = 2**32 - 1  # what is larger are milliseconds, as pamqp has it
_FIXED = {
    ord(letter): struct.Struct(">" + code)
    for letter, code in {
        "t": "?",
        "b": "b",
        "B": "B",
        "s": "h",
        "u": "H",
        "I": "i",
        "i": "I",
        "l": "q",
        "L": "q",
        "f": "f",
        "d": "d",
    }.items()
}


def read(octets, offset=0, levels=_DEEPEST_OWN):
    """Return (the table that begins with its length at an offset, the offset after it).

    :raises ValueError, struct.error, OverflowError: for what is no table, or one of more levels
    """
    if not levels:
        raise ValueError("tables within tables, too deep")
    offset, end = _bounds(octets, offset)
    table = {}
    while offset < end:
        name, offset = _read_name(octets, offset)
        table[name], offset = _read_field(octets, offset, levels - 1)
    return table, _at(offset, end)


def split(encoded):
    """Return {name: field} of a table, which begins with its length."""
    offset, end = _bounds(encoded, 0)
    fields = {}
    while offset < end:
        name, start = _read_name(encoded, offset)
        _, offset = _read_field(encoded, start)
        fields[name] = encoded[start:offset]
    return fields


def join(fields):
    """Return the table, with its length, of {name: field}."""
    octets = b"".join(bytes((len(name.encode()),)) + name.encode() + field for name, field in fields.items())
    return _with_length(octets)


def split_array(field):
    """Return the fields of a field that is an array."""
    start, end = _bounds(field, 1)
    items = []
    while start < end:
        _, offset = _read_field(field, start)
        items.append(field[start:offset])
        start = offset
    return items


def array(fields):
    return ARRAY + _with_length(b"".join(fields))


def table(fields):
    return TABLE + join(fields)


def long_string(text):
    return b"S" + _with_length(text.encode())


def long(number):
    return b"l" + struct.pack(">q", number)


def timestamp(seconds):
    return b"T" + _TIMESTAMP.pack(seconds)


def value(field):
    """Return a field's value; None for no field."""
    return None if field is None else _read_field(field, 0)[0]


def _read_field(octets, offset, levels=_DEEPEST_OWN):
    kind = octets[offset : offset + 1]
    offset += 1
    fixed = _FIXED.get(kind[0] if kind else None)
    if fixed is not None:
        return fixed.unpack_from(octets, offset)[0], offset + fixed.size
    if kind == b"S":
        return _read_long_string(octets, offset)
    if kind == TABLE:
        return read(octets, offset, levels)
    if kind == ARRAY:
        return _read_array(octets, offset, levels)
    if kind in (b"V", b"\x00"):
        return None, offset
    return _read_seldom(kind, octets, offset)


def _read_seldom(kind, octets, offset):
    if kind == b"T":
        (seconds,) = _TIMESTAMP.unpack_from(octets, offset)
        if seconds > _LATEST_SECONDS:
            seconds /= 1000
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC), offset + 8
    if kind == b"x":
        start, end = _bounds(octets, offset)
        return bytearray(octets[start:end]), end
    if kind == b"D":
        scale, number = _DECIMAL.unpack_from(octets, offset)
        return decimal.Decimal(number) * decimal.Decimal(10) ** -scale, offset + 5
    raise ValueError(f"unknown type of field {kind!r}")


def _read_long_string(octets, offset):
    start, end = _bounds(octets, offset)
    text = octets[start:end]
    try:
        return text.decode(), end
    except UnicodeDecodeError:
        return text, end


def _read_array(octets, offset, levels):
    if not levels:
        raise ValueError("arrays within arrays, too deep")
    offset, end = _bounds(octets, offset)
    items = []
    while offset < end:
        item, offset = _read_field(octets, offset, levels - 1)
        items.append(item)
    return items, _at(offset, end)


def _read_name(octets, offset):
    end = offset + 1 + octets[offset]
    return octets[offset + 1 : end].decode(), end


def _bounds(octets, offset):
    """Return where what begins with its length begins after that, and ends."""
    start = offset + _LENGTH.size
    end = start + _LENGTH.unpack_from(octets, offset)[0]
    if end > len(octets):
        raise ValueError("longer than what there is")
    return start, end


def _at(offset, end):
    if offset != end:
        raise ValueError("the last field ends elsewhere")
    return end


def _with_length(octets):
    return _LENGTH.pack(len(octets)) + octets
