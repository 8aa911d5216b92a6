# SPDX-License-Identifier: Apache-2.0

from minova.broker.turns import SingleActiveConsumer, Turns


class FakeConsumer:
    def __init__(self, name, priority=0):
        self.name = name
        self.priority = priority
        self.parked = False
        self.room = True

    def can_take(self):
        return self.room


def order(turns, count):
    return [turns.next().name for _ in range(count)]


def add(turns, *consumers):
    for consumer in consumers:
        turns.add(consumer)
    return consumers


def test_equal_consumers_take_turns():
    turns = Turns()
    add(turns, FakeConsumer("a"), FakeConsumer("b"))
    assert order(turns, 3) == ["a", "b", "a"]


def test_lower_priority_gets_what_higher_cannot_take():
    turns = Turns()
    low, high = add(turns, FakeConsumer("low", -1), FakeConsumer("high", 1))
    assert order(turns, 2) == ["high", "high"]
    high.room = False
    assert order(turns, 1) == ["low"]
    assert high.parked
    high.room, high.parked = True, False
    turns.readmit(high)
    assert order(turns, 1) == ["high"]
    assert not low.parked


def test_nobody_can_take():
    turns = Turns()
    (full,) = add(turns, FakeConsumer("full"))
    full.room = False
    assert turns.next() is None
    turns.remove(full)
    assert turns.next() is None


def test_consumer_that_went_has_no_turn():
    turns = Turns()
    a, _ = add(turns, FakeConsumer("a"), FakeConsumer("b"))
    turns.remove(a)
    assert order(turns, 2) == ["b", "b"]


def test_single_active_consumer_is_the_first():
    single = SingleActiveConsumer()
    add(single, FakeConsumer("a"), FakeConsumer("b", 9))
    assert order(single, 2) == ["a", "a"]


def test_next_active_consumer_is_the_first_of_the_highest_priority():
    single = SingleActiveConsumer()
    first, _, other, _ = add(
        single, *(FakeConsumer(name, priority) for name, priority in zip("abcd", (0, 1, 2, 2), strict=True))
    )
    single.remove(first)
    assert single.active is other
    single.remove(other)
    assert order(single, 1) == ["d"]


def test_active_consumer_stays_so_while_it_is_full():
    single = SingleActiveConsumer()
    first, _ = add(single, FakeConsumer("a"), FakeConsumer("b"))
    first.room = False
    assert single.next() is None
    assert (first.parked, single.active) == (True, first)


def test_last_of_single_active_consumers_goes():
    single = SingleActiveConsumer()
    (only,) = add(single, FakeConsumer("a"))
    single.remove(only)
    assert single.active is None
    assert single.next() is None
