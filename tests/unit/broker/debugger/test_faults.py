# SPDX-License-Identifier: Apache-2.0

import json
import time

import pytest

from minova.broker.debugger.match import Match
from tests.unit.broker.debugger.bodies import message, reply, request
from tests.unit.broker.debugger.vhosts import Bench, in_loop, until

EVERYTHING = Match(routing_key="*")


def publish(bench, given):
    return bench.vhost.faults.put(given, [bench.queue], None)


def strikes(seed, messages=200, **fields):
    """Which of so many messages a fault of that seed drops."""
    bench = Bench()
    bench.vhost.faults.add(match=EVERYTHING, action="drop", seed=seed, **fields)
    for number in range(messages):
        assert publish(bench, message(b"", str(number))), "the publisher is not told"
    arrived = set(bench.get_all())
    return [number for number in range(messages) if str(number) not in arrived]


@in_loop
async def test_dropped_message_is_in_no_queue():
    bench = Bench()
    fault = bench.vhost.faults.add(match=Match(method="build_*"), action="drop", seed=1)
    publish(bench, request("build_and_run_instance"))
    publish(bench, request("reboot_instance", key="other"))

    assert bench.get_all() == ["other"]
    assert (fault.hits, fault.strikes) == (1, 1)
    assert bench.memory.message_octets == 0


@in_loop
async def test_delayed_message_comes_later():
    bench = Bench()
    bench.vhost.faults.add(match=Match(routing_key="slow"), action="delay", delay_seconds=0.05, seed=1)
    publish(bench, message(b"", "slow"))
    publish(bench, message(b"", "fast"))
    assert len(bench.queue) == 1

    await until(lambda: len(bench.queue) == 2)
    assert bench.get_all() == ["fast", "slow"]


@in_loop
async def test_delayed_message_is_counted_in_memory_and_lost_with_its_queue():
    bench = Bench()
    bench.vhost.faults.add(match=EVERYTHING, action="delay", delay_seconds=0.05, seed=1)
    publish(bench, message(b"body", "slow"))
    assert bench.memory.message_octets > 0
    bench.vhost.delete_queue(bench.queue)
    namesake = bench.declare("q")

    await until(lambda: bench.memory.message_octets == 0)
    assert len(namesake) == 0


@in_loop
async def test_duplicated_message_comes_twice():
    bench = Bench()
    bench.vhost.faults.add(match=EVERYTHING, action="duplicate", seed=1)
    publish(bench, message(b"", "twin"))

    assert bench.get_all() == ["twin", "twin"]


@in_loop
async def test_corrupted_message_cannot_be_read():
    bench = Bench()
    bench.vhost.faults.add(match=EVERYTHING, action="corrupt", seed=1)
    sent = request(args={"a": 1})
    publish(bench, sent)
    publish(bench, message(b"", "empty"))
    arrived = bench.queue.get(no_ack=True).message

    assert len(arrived.body) == len(sent.body)
    assert arrived.header == sent.header
    with pytest.raises(UnicodeDecodeError):
        json.loads(arrived.body)
    assert json.loads(sent.body), "what was sent stays as it was"
    assert bench.get_all() == ["empty"]


@in_loop
async def test_full_queue_refuses_a_duplicate():
    bench = Bench(x_max_length=1, x_overflow="reject-publish")
    bench.vhost.faults.add(match=EVERYTHING, action="duplicate", seed=1)

    assert not publish(bench, message(b"", "twin"))
    assert bench.get_all() == ["twin"]


@in_loop
async def test_reply_is_dropped_by_the_method_of_its_call():
    bench = Bench()
    match = Match(method="select_destinations", kinds=("reply",))
    bench.vhost.faults.add(match=match, action="drop", seed=1)
    publish(bench, request("select_destinations", key="scheduler", _msg_id="m1"))
    publish(bench, request("instance_update", key="conductor", _msg_id="m2"))
    publish(bench, reply("m1", ending=False))
    publish(bench, reply("m1", key="dropped"))
    publish(bench, reply("m2", key="kept"))

    assert bench.get_all() == ["scheduler", "conductor", "reply_1", "kept"]


@in_loop
async def test_same_seed_strikes_the_same_messages():
    first = strikes(7, probability=0.3)

    assert strikes(7, probability=0.3) == first
    assert strikes(8, probability=0.3) != first
    assert 30 < len(first) < 90


@in_loop
async def test_skip_and_count_bound_the_strikes():
    assert strikes(1, skip=3, count=2, probability=1) == [3, 4]


@in_loop
async def test_fault_ends_at_its_time():
    assert strikes(1, count=3, expires_at=time.time() - 1) == []
    assert strikes(1, messages=3, expires_at=time.time() + 600) == [0, 1, 2]


@in_loop
async def test_first_fault_that_strikes_is_the_only_one():
    bench = Bench()
    first = bench.vhost.faults.add(match=EVERYTHING, action="drop", seed=1, count=1)
    second = bench.vhost.faults.add(match=EVERYTHING, action="duplicate", seed=1)
    publish(bench, message(b"", "a"))
    publish(bench, message(b"", "b"))

    assert bench.get_all() == ["b", "b"]
    assert (first.strikes, second.strikes) == (1, 1)
    assert (first.is_spent(), second.is_spent()) == (True, False)


@in_loop
async def test_cleared_fault_breaks_nothing():
    bench = Bench()
    faults = bench.vhost.faults
    one = faults.add(match=EVERYTHING, action="drop", seed=1)
    faults.add(match=EVERYTHING, action="drop", seed=1)

    assert faults.clear(one.id) == 1
    assert faults.is_on
    assert faults.clear() == 1
    assert not faults.is_on


@in_loop
async def test_message_without_a_queue_meets_no_fault():
    bench = Bench()
    fault = bench.vhost.faults.add(match=EVERYTHING, action="drop", seed=1)
    bench.vhost.faults.put(message(b"", "nowhere"), [], None)

    assert fault.hits == 0


@in_loop
async def test_delayed_message_may_be_held_when_it_comes():
    bench = Bench()
    bench.vhost.faults.add(match=EVERYTHING, action="delay", delay_seconds=0.01, seed=1)
    bench.holds.add(EVERYTHING)
    publish(bench, message(b"", "slow"))

    await until(lambda: bench.held == ["slow"])
