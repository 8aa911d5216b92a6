# SPDX-License-Identifier: Apache-2.0
"""Field tables as octets (AMQP 0-9-1, section 4.2.5.5), so that what is not changed keeps the type that was sent.

A field is a type's letter and the value: `b"S\\0\\0\\0\\1a"` is the long string "a".
"""

import struct

from pamqp import decode

ARRAY = b"A"
TABLE = b"F"


def split(encoded):
    """Return {name: field} of a table, which begins with its length."""
    end = 4 + int.from_bytes(encoded[:4])
    offset = 4
    fields = {}
    while offset < end:
        size = encoded[offset]
        name = encoded[offset + 1 : offset + 1 + size].decode()
        offset += 1 + size
        fields[name] = _field_at(encoded, offset)
        offset += len(fields[name])
    return fields


def join(fields):
    """Return the table, with its length, of {name: field}."""
    octets = b"".join(bytes((len(name.encode()),)) + name.encode() + field for name, field in fields.items())
    return _with_length(octets)


def split_array(field):
    """Return the fields of a field that is an array."""
    end = 5 + int.from_bytes(field[1:5])
    offset = 5
    items = []
    while offset < end:
        items.append(_field_at(field, offset))
        offset += len(items[-1])
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
    return b"T" + struct.pack(">Q", seconds)


def value(field):
    """Return a field's value as pamqp reads it; None for no field."""
    return None if field is None else decode.embedded_value(field)[1]


def _field_at(encoded, offset):
    used, _ = decode.embedded_value(encoded[offset:])
    return encoded[offset : offset + used]


def _with_length(octets):
    return struct.pack(">I", len(octets)) + octets
