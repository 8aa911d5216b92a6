# SPDX-License-Identifier: Apache-2.0

import random

import pytest

from minova.broker.debugger.holds import HELD_OCTETS
from minova.broker.debugger.match import Match
from tests.unit.broker.debugger.bodies import message
from tests.unit.broker.debugger.vhosts import Bench, in_loop, until

HELD = Match(routing_key="h*")


@in_loop
async def test_held_message_waits_and_others_pass_by():
    bench = Bench()
    bench.consume()
    bench.holds.add(HELD)
    bench.put("a", "h1", "b", "h2")

    assert bench.channel.sent == ["a", "b"]
    assert bench.held == ["h1", "h2"]
    assert len(bench.queue) == 2, "they count as ready"
    assert bench.queue.ready_bytes == bench.queue.message_bytes > 0


@in_loop
async def test_step_lets_the_oldest_go_or_the_one_that_is_named():
    bench = Bench()
    bench.consume()
    bench.holds.add(HELD)
    bench.put("h1", "h2", "h3")

    assert bench.holds.step().id == 1
    assert bench.holds.step(3).id == 3
    assert bench.channel.sent == ["h1", "h3"]
    with pytest.raises(KeyError):
        bench.holds.step(3)
    bench.holds.step()
    bench.check_empty()
    with pytest.raises(KeyError):
        bench.holds.step()


@in_loop
async def test_hold_takes_what_waits_already():
    bench = Bench()
    bench.put("h1", "a", "h2", "b")
    bench.holds.add(HELD)
    bench.consume()

    assert bench.channel.sent == ["a", "b"]
    assert bench.held == ["h1", "h2"]


@in_loop
async def test_released_message_is_delivered_in_its_old_place():
    bench = Bench()
    bench.put("a", "h1", "b")
    bench.holds.add(HELD)
    bench.holds.step()

    assert bench.get_all() == ["a", "h1", "b"]


@in_loop
async def test_released_message_comes_by_priority():
    bench = Bench(x_max_priority=5)
    bench.holds.add(HELD)
    bench.put("h1", priority=1)
    bench.put("h9", priority=9)
    bench.put("a", priority=3)
    bench.holds.clear()

    assert bench.get_all() == ["h9", "a", "h1"]


@in_loop
async def test_clearing_a_hold_lets_go_what_no_other_holds():
    bench = Bench()
    bench.consume()
    first = bench.holds.add(HELD)
    second = bench.holds.add(Match(routing_key="h2"))
    bench.put("h1", "h2", "h3")

    assert bench.holds.clear(first.id) == (1, 2)
    assert bench.channel.sent == ["h1", "h3"]
    assert [one.hold for one in bench.holds.held.values()] == [second]
    assert bench.holds.clear() == (1, 1)
    assert not bench.holds.is_on
    bench.check_empty()


@in_loop
async def test_get_passes_by_what_is_held():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1", "a")

    assert bench.get_all() == ["a"]
    assert len(bench.queue) == 1


@in_loop
async def test_held_message_expires_at_its_own_time():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1", expiration_seconds=600)
    bench.put("h2", expiration_seconds=0.05)

    await until(lambda: bench.held == ["h1"])
    bench.queue.purge()
    bench.check_empty()


@in_loop
async def test_waiting_message_expires_although_another_is_held():
    bench = Bench(x_message_ttl=50)
    bench.holds.add(HELD)
    bench.put("h1", "a")

    await until(lambda: len(bench.queue) == 0)
    bench.check_empty()


@in_loop
async def test_purge_takes_held_messages_along():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1", "a", "h2")

    assert bench.queue.purge() == 3
    bench.check_empty()


@in_loop
async def test_deleted_queue_holds_nothing():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1", "a")

    assert bench.vhost.delete_queue(bench.queue) == 2
    assert bench.held == []


@in_loop
async def test_full_queue_drops_its_head_held_or_not():
    bench = Bench(x_max_length=2)
    bench.holds.add(HELD)
    bench.put("h1", "a", "h2", "b")

    assert bench.held == ["h2"]
    bench.holds.clear()
    assert bench.get_all() == ["h2", "b"]


@in_loop
async def test_full_queue_refuses_although_all_is_held():
    bench = Bench(x_max_length=1, x_overflow="reject-publish")
    bench.holds.add(HELD)

    assert bench.put("h1")
    assert not bench.put("h2")
    assert not bench.put("a")
    assert bench.held == ["h1"]


@in_loop
async def test_requeued_message_comes_before_what_was_held_behind_it():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("a", "h1", "b")
    entry = bench.queue.get(no_ack=False)
    bench.holds.clear()
    bench.queue.requeue([entry])

    assert bench.get_all() == ["a", "h1", "b"]


@in_loop
async def test_message_that_was_let_go_is_not_held_when_it_comes_back():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1")
    bench.holds.step()
    bench.queue.requeue([bench.queue.get(no_ack=False)])

    assert bench.get_all() == ["h1"]


@in_loop
async def test_hold_outlasts_the_consumer():
    bench = Bench()
    bench.holds.add(HELD)
    consumer = bench.consume()
    bench.put("h1")
    bench.queue.remove_consumer(consumer)
    bench.holds.step()

    assert bench.channel.sent == []
    bench.consume()
    assert bench.channel.sent == ["h1"]


@in_loop
async def test_single_active_consumer_gets_what_is_let_go():
    bench = Bench(x_single_active_consumer=True)
    bench.holds.add(HELD)
    first = bench.consume("first")
    bench.consume("second")
    bench.put("h1")
    bench.queue.remove_consumer(first)
    bench.holds.step()

    assert bench.channel.sent == ["h1"]
    assert bench.queue.single_active_consumer.tag == "second"


@in_loop
async def test_consumer_without_room_gets_a_released_message_later():
    bench = Bench()
    bench.holds.add(HELD)
    consumer = bench.consume(no_ack=False)
    bench.put("h1")
    bench.channel.room = False
    bench.holds.step()
    assert (bench.channel.sent, len(bench.queue)) == ([], 1)

    bench.channel.room = True
    consumer.unpark()
    assert bench.channel.sent == ["h1"]


@in_loop
async def test_held_messages_are_counted_in_memory():
    bench = Bench()
    bench.holds.add(HELD)
    bench.put("h1")
    assert bench.memory.message_octets > HELD_OCTETS

    bench.queue.purge()
    assert bench.memory.message_octets == 0


@in_loop
async def test_each_queue_of_a_message_holds_it():
    bench = Bench()
    bench.holds.add(HELD)
    bench.vhost.put(message(b"", "h"), [bench.queue, bench.declare("other")])

    assert [one.queue.name for one in bench.holds.held.values()] == ["q", "other"]


@pytest.mark.parametrize("arguments", [{}, {"x_max_priority": 3}, {"x_max_length": 12}])
@pytest.mark.parametrize("seed", range(10))
@in_loop
async def test_whatever_happens_order_and_counts_stay_right(arguments, seed):
    """Every message is let out once, or was dropped for length; those of one priority in their order."""
    chance = random.Random(seed)
    bench = Bench(**arguments)
    out, taken = [], []
    for number in range(200):
        choice = chance.randrange(8)
        if choice <= 2:
            bench.put(f"{chance.choice('hx')}{number:03}", priority=chance.randrange(5))
        elif choice == 3 and bench.holds.is_on:
            bench.holds.clear(chance.choice(list(bench.holds.rules)))
        elif choice == 4:
            bench.holds.add(HELD)
        elif choice == 5 and bench.held:
            bench.holds.step(chance.choice(list(bench.holds.held)))
        elif choice == 6 and (entry := bench.queue.get(no_ack=False)) is not None:
            taken.append(entry)
        elif choice == 7 and taken:
            bench.queue.requeue([taken.pop()])
    bench.queue.requeue(taken)
    taken.clear()
    bench.holds.clear()
    while (entry := bench.queue.get(no_ack=True)) is not None:
        out.append(
            (-min(entry.message.properties.priority, arguments.get("x_max_priority", 0)), entry.position)
        )
    assert out == sorted(out)
    bench.check_empty()
    assert bench.memory.message_octets == 0
