# SPDX-License-Identifier: Apache-2.0
"""The record of decisions."""

import pytest

from minova.db import decisions


def insert(database, *uuids):
    rows = [
        {
            "instance_uuid": uuid,
            "request_id": "req-1",
            "attempt": number,
            "host": None,
            "decision": {"hosts": number},
        }
        for number, uuid in enumerate(uuids)
    ]
    with database.writer() as conn:
        decisions.insert(conn, rows)


def attempts(database, uuid):
    with database.reader() as conn:
        return [row.attempt for row in decisions.find_by_instance(conn, uuid)]


def test_decisions_are_found_by_instance_oldest_first(database):
    insert(database, "a", "b", "a")

    assert attempts(database, "a") == [0, 2]
    assert attempts(database, "c") == []


def test_no_decision_is_no_statement(database):
    insert(database)


@pytest.mark.parametrize(("kept", "left"), [(-1, [0, 1, 2, 3]), (0, []), (2, [2, 3]), (9, [0, 1, 2, 3])])
def test_the_last_are_kept(database, kept, left):
    insert(database, "a", "a", "a", "a")

    with database.writer() as conn:
        decisions.prune(conn, kept)

    assert attempts(database, "a") == left


def test_nothing_is_pruned_of_nothing(database):
    with database.writer() as conn:
        decisions.prune(conn, 1)
