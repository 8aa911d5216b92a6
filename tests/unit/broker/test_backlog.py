# SPDX-License-Identifier: Apache-2.0

import pytest

from minova.broker.backlog import Backlog, Entry, PriorityBacklog
from minova.broker.message import Message
from minova.broker.properties import Properties


def entry(position, priority=0, body=b""):
    return Entry(Message("", "", b"", b"", body, Properties(priority=priority)), position, None)


def positions(backlog):
    return [backlog.popleft().position for _ in range(len(backlog))]


@pytest.mark.parametrize("make", [Backlog, lambda: PriorityBacklog(5)])
def test_entries_come_in_order(make):
    backlog = make()
    for position in range(3):
        backlog.append(entry(position))
    assert len(backlog) == 3
    assert backlog.first.position == 0
    assert positions(backlog) == [0, 1, 2]


@pytest.mark.parametrize("make", [Backlog, lambda: PriorityBacklog(5)])
@pytest.mark.parametrize("position", [0, 2, 5, 9])
def test_entry_is_put_back_to_its_place(make, position):
    backlog = make()
    others = [1, 3, 4, 6]
    for other in others:
        backlog.append(entry(other))
    backlog.put_back(entry(position))
    assert positions(backlog) == sorted([*others, position])


@pytest.mark.parametrize("make", [Backlog, lambda: PriorityBacklog(5)])
def test_bytes_of_bodies_are_counted(make):
    backlog = make()
    backlog.append(entry(1, body=b"abc"))
    backlog.put_back(entry(0, priority=4, body=b"d"))
    assert backlog.bytes == 4
    backlog.popleft()
    assert backlog.bytes == 3
    backlog.popleft()
    assert (backlog.bytes, len(backlog)) == (0, 0)


def test_highest_priority_comes_first_and_none_is_above_the_highest():
    backlog = PriorityBacklog(3)
    for position, priority in enumerate([1, 9, 3, 0, 200]):
        backlog.append(entry(position, priority))
    assert backlog.first.position == 1
    assert positions(backlog) == [1, 2, 4, 0, 3]
