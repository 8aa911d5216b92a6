# SPDX-License-Identifier: Apache-2.0
"""Whether the records keep what the customers were promised."""

import types

import pytest

from minova.chaos import door, verdict
from minova.chaos.door import Answer
from minova.chaos.ledger import Server


def server(status, **values):
    created = None if status is None else Answer("api-1", "POST", "/servers", status, 0, 1)
    return Server("one", created, uuid="u-1" if status == 202 else "", **values)


def broken(a_server, row_uuid=None):
    row = types.SimpleNamespace(uuid=row_uuid, vm_state="active")
    return [
        sentence
        for sentence, _ in verdict.broken_promises({"one": a_server}, {"one": row} if row_uuid else {})
    ]


@pytest.mark.parametrize(
    ("a_server", "row_uuid"),
    [
        (server(202), "u-1"),
        (server(202, delete_sent=True), "u-1"),
        (server(202, delete_sent=True), None),
        (server(202, delete_sent=True, delete_accepted=True), None),
        (server(503), None),
        (server(door.LATE), None),
        (server(door.BROKEN), "u-2"),
        (server(None), "u-2"),
    ],
)
def test_promises_that_are_kept(a_server, row_uuid):
    assert broken(a_server, row_uuid) == []


@pytest.mark.parametrize(
    ("a_server", "row_uuid", "sentence"),
    [
        (server(202), None, "Server u-1 was accepted, never deleted, and is gone."),
        (server(202), "u-2", "Server u-1 has the name of instance u-2."),
        (
            server(202, delete_sent=True, delete_accepted=True),
            "u-1",
            "Server u-1 was deleted, and is there in active.",
        ),
        (server(503), "u-2", "Server one was refused with 503, and is there."),
    ],
)
def test_promises_that_are_broken(a_server, row_uuid, sentence):
    assert broken(a_server, row_uuid) == [sentence]


def test_a_refusal_while_the_database_was_cut_off_is_no_promise():
    row = types.SimpleNamespace(uuid="u-2", vm_state="active")
    refused = server(503)
    asked = []
    found = verdict.broken_promises(
        {"one": refused}, {"one": row}, lambda answer: asked.append(answer) or True
    )
    assert list(found) == []
    assert asked == [refused.created]


def test_an_instance_that_nobody_asked_for():
    row = types.SimpleNamespace(uuid="u-3", vm_state="active")
    assert list(verdict.broken_promises({}, {"other": row})) == [
        ("Instance u-3 (other) was asked for by nobody.", "u-3")
    ]
