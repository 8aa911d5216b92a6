# SPDX-License-Identifier: Apache-2.0
"""Held messages as people see them."""

from minova.debug import held


def test_a_held_message_gives_no_orders_to_the_terminal():
    """Who puts a message on the bus chooses its method and its key."""
    strange = "\x1b[31m\n"
    message = {
        "id": 1,
        "age_seconds": 2.0,
        "queue": f"q{strange}",
        "hold": 3,
        "kind": "cast",
        "namespace": "",
        "method": f"m{strange}",
        "unique_id": "u",
        "routing_key": f"k{strange}",
        "size_bytes": 10,
        "sender": f"s{strange}",
        "servers": [strange],
        "server_names": [strange],
        "request_id": strange,
    }
    lines = held.text(message).split("\n")
    assert len(lines) == 5
    assert all(line.isprintable() for line in [*lines, held.title(message)])
