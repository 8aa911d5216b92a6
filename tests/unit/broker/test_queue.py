# SPDX-License-Identifier: Apache-2.0

import asyncio
import types

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minova.broker import errors
from minova.broker.consumer import Consumer
from minova.broker.message import Message
from minova.broker.properties import Properties
from minova.broker.queue import Queue


class FakeVhost:
    """Writes down which queues want to be deleted, and what dies in them."""

    name = "/"

    def __init__(self):
        self.unused = []
        self.buried = []
        self.dead_letters = self

    def delete_queue(self, queue):
        self.unused.append(queue)

    def send(self, message, queue, reason):
        self.buried.append((message.routing_key, reason))


class FakeChannel:
    """Writes down what it would send, and has room as told."""

    def __init__(self):
        self.connection = types.SimpleNamespace(writable=True)
        self.sent = []
        self.room = True

    def has_room(self):
        return self.room

    def deliver(self, consumer, entry):
        if not consumer.no_ack:
            consumer.unacked += 1
        self.sent.append((consumer.tag, entry.message.routing_key))
        self.last_entry = entry


def message(name, body=b"", **properties):
    return Message("", name, b"", b"", body, Properties(**properties))


def consume(queue, channel, tag="c", **kwargs):
    consumer = Consumer(tag, channel, queue, **kwargs)
    queue.add_consumer(consumer)
    queue.start_consumer()
    return consumer


def in_loop(test):
    """Queues keep time by the running event loop."""

    def run():
        async def main():
            result = test()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


@in_loop
def test_messages_wait_in_order_for_a_consumer():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    for name in "abc":
        queue.put(message(name))
    assert len(queue) == 3
    consume(queue, channel)
    assert [name for _, name in channel.sent] == ["a", "b", "c"]
    assert len(queue) == 0


@in_loop
def test_consumers_take_turns():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consume(queue, channel, "one")
    consume(queue, channel, "two")
    for name in "abcd":
        queue.put(message(name))
    assert channel.sent == [("one", "a"), ("two", "b"), ("one", "c"), ("two", "d")]


@in_loop
def test_prefetch_holds_messages_back_until_acknowledged():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consumer = consume(queue, channel, prefetch=1)
    queue.put(message("a"))
    queue.put(message("b"))
    assert [name for _, name in channel.sent] == ["a"]
    consumer.unacked = 0
    consumer.unpark()
    assert [name for _, name in channel.sent] == ["a", "b"]


@in_loop
def test_full_consumer_is_passed_over():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consume(queue, channel, "full", prefetch=1)
    consume(queue, channel, "free")
    for name in "abcd":
        queue.put(message(name))
    assert [tag for tag, _ in channel.sent] == ["full", "free", "free", "free"]


@in_loop
def test_nothing_goes_to_a_connection_that_cannot_take_it():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consumer = consume(queue, channel, no_ack=True)
    channel.connection.writable = False
    queue.put(message("a"))
    assert channel.sent == []
    channel.connection.writable = True
    consumer.unpark()
    assert [name for _, name in channel.sent] == ["a"]


@in_loop
def test_requeued_messages_return_to_their_places():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    for name in "abcd":
        queue.put(message(name))
    entries = [queue.get(no_ack=False) for _ in range(3)]
    queue.requeue([entries[2]])
    queue.requeue([entries[0], entries[1]])
    again = [queue.get(no_ack=False) for _ in range(4)]
    assert [entry.message.routing_key for entry in again] == ["a", "b", "c", "d"]
    assert [entry.redelivered for entry in again] == [True, True, True, False]
    assert channel.sent == []


@in_loop
def test_exclusive_consumer_keeps_others_out():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consume(queue, channel, "one", exclusive=True)
    with pytest.raises(errors.ChannelException) as caught:
        consume(queue, channel, "two")
    assert caught.value.reply_text == "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use"


@in_loop
def test_auto_delete_follows_the_last_consumer():
    queue = Queue("q", FakeVhost(), auto_delete=True)
    unused = queue.vhost.unused
    consumers = [consume(queue, FakeChannel(), tag) for tag in ("one", "two")]
    queue.remove_consumer(consumers[0])
    assert unused == []
    queue.remove_consumer(consumers[1])
    assert unused == [queue]


@in_loop
async def test_expired_message_is_dropped_without_a_consumer():
    queue = Queue("q", FakeVhost())
    queue.put(message("short", expiration_seconds=0.01))
    queue.put(message("long"))
    await until(lambda: len(queue) == 1)
    assert queue.get(no_ack=False).message.routing_key == "long"


@in_loop
async def test_message_time_to_live_of_the_queue_bounds_that_of_the_message():
    queue = Queue("q", FakeVhost(), arguments={"x-message-ttl": 10})
    queue.put(message("a", expiration_seconds=1000))
    queue.put(message("b"))
    await until(lambda: len(queue) == 0)


@in_loop
def test_message_that_expires_at_once_still_reaches_a_waiting_consumer():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    queue.put(message("too early", expiration_seconds=0))
    consume(queue, channel)
    queue.put(message("in time", expiration_seconds=0))
    assert channel.sent == [("c", "in time")]


@in_loop
async def test_unused_queue_goes_away_after_x_expires():
    queue = Queue("q", FakeVhost(), arguments={"x-expires": 20})
    unused = queue.vhost.unused
    await until(lambda: unused)
    assert unused == [queue]


@in_loop
async def test_consumer_keeps_a_queue_beyond_x_expires():
    queue = Queue("q", FakeVhost(), arguments={"x-expires": 20})
    unused = queue.vhost.unused
    consumer = consume(queue, FakeChannel())
    other = Queue("other", FakeVhost(), arguments={"x-expires": 60})
    await until(lambda: other.vhost.unused)
    assert unused == []
    queue.remove_consumer(consumer)
    await until(lambda: unused)


@in_loop
def test_purge_counts_what_it_drops():
    queue = Queue("q", FakeVhost())
    queue.put(message("a"))
    queue.put(message("b"))
    assert queue.purge() == 2
    assert len(queue) == 0


@in_loop
def test_purge_counts_no_octets_afterwards():
    queue = Queue("q", FakeVhost())
    queue.put(message("a", body=b"abc"))
    assert (queue.message_bytes, queue.ready_bytes) == (3, 3)
    queue.purge()
    assert (queue.message_bytes, queue.ready_bytes) == (0, 0)


@in_loop
def test_message_is_in_the_queue_until_it_is_acknowledged():
    queue = Queue("q", FakeVhost())
    queue.put(message("a", body=b"abc"))
    entry = queue.get(no_ack=False)
    assert (len(queue), queue.unacked_count, queue.message_bytes, queue.ready_bytes) == (0, 1, 3, 0)
    queue.acknowledge([entry])
    assert (queue.unacked_count, queue.message_bytes, queue.stats.ack) == (0, 0, 1)


@in_loop
def test_message_is_gone_when_sent_without_acknowledgement():
    queue, channel = Queue("q", FakeVhost()), FakeChannel()
    consume(queue, channel, no_ack=True)
    queue.put(message("a", body=b"abc"))
    assert (queue.unacked_count, queue.message_bytes) == (0, 0)


@in_loop
def test_deaths_are_told_with_their_reason():
    queue = Queue("q", FakeVhost(), arguments={"x-max-length": 1})
    queue.put(message("expired", expiration_seconds=0))
    queue.put(message("too many"))
    queue.put(message("rejected"))
    queue.reject([queue.get(no_ack=False)])
    queue.put(message("purged"))
    queue.purge()
    assert queue.vhost.buried == [("expired", "expired"), ("too many", "maxlen"), ("rejected", "rejected")]


@in_loop
def test_full_queue_refuses_a_message():
    queue = Queue("q", FakeVhost(), arguments={"x-max-length-bytes": 3, "x-overflow": "reject-publish"})
    assert queue.put(message("a", body=b"abc"))
    assert not queue.put(message("b", body=b"d"))
    assert queue.put(message("empty"))
    assert (len(queue), queue.stats.publish, queue.vhost.buried) == (2, 2, [])


@in_loop
def test_full_queue_refuses_a_message_into_dead_letters():
    arguments = {"x-max-length": 0, "x-overflow": "reject-publish-dlx"}
    queue = Queue("q", FakeVhost(), arguments=arguments)
    assert not queue.put(message("a"))
    assert queue.vhost.buried == [("a", "maxlen")]


@in_loop
def test_requeued_message_is_dropped_when_the_queue_has_filled_up():
    queue = Queue("q", FakeVhost(), arguments={"x-max-length": 1})
    queue.put(message("a"))
    entry = queue.get(no_ack=False)
    queue.put(message("b"))
    queue.requeue([entry])
    assert queue.vhost.buried == [("a", "maxlen")]
    assert queue.get(no_ack=True).message.routing_key == "b"


@in_loop
def test_what_waits_goes_to_the_next_single_active_consumer():
    """A queue kept its messages until somebody published again."""
    queue, channel = Queue("q", FakeVhost(), arguments={"x-single-active-consumer": True}), FakeChannel()
    first = consume(queue, channel, "first", prefetch=1)
    consume(queue, channel, "second")
    for name in "ab":
        queue.put(message(name))
    assert channel.sent == [("first", "a")]
    queue.remove_consumer(first)
    assert channel.sent == [("first", "a"), ("second", "b")]
    assert queue.single_active_consumer.tag == "second"


@in_loop
def test_exclusive_consumer_cannot_be_the_single_active_one():
    queue = Queue("q", FakeVhost(), arguments={"x-single-active-consumer": True})
    with pytest.raises(errors.ChannelException):
        consume(queue, FakeChannel(), exclusive=True)
    assert not queue.consumers


@in_loop
def test_deleted_queue_takes_nothing_back():
    queue = Queue("q", FakeVhost())
    queue.put(message("a"))
    entry = queue.get(no_ack=False)
    queue.close()
    for settle in (queue.requeue, queue.reject, queue.acknowledge):
        settle([entry])
    assert (len(queue), queue.vhost.buried) == (0, [])


def test_empty_queue_needs_no_event_loop():
    """A million of them may wait; none has a timer or a task of its own."""
    queue = Queue("q", FakeVhost(), arguments={"x-message-ttl": 5, "x-max-length": 5})
    assert len(queue) == 0


OPERATIONS = st.lists(
    st.sampled_from(["put", "put", "put", "get", "ack", "reject", "requeue", "consume", "cancel", "purge"]),
    max_size=60,
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "x-max-length": st.integers(0, 3),
        "x-max-length-bytes": st.integers(0, 9),
        "x-max-priority": st.integers(1, 3),
        "x-message-ttl": st.sampled_from([0, 60000]),
        "x-single-active-consumer": st.booleans(),
        "x-overflow": st.sampled_from(["drop-head", "reject-publish", "reject-publish-dlx"]),
    },
)


@settings(deadline=None)
@given(OPERATIONS, ARGUMENTS, st.randoms(use_true_random=False))
def test_every_message_is_somewhere(operations, arguments, random):
    """Nothing is lost, doubled or counted wrongly, whatever is done in whatever order."""

    async def main():
        scene = Scene(arguments, random)
        for operation in operations:
            getattr(scene, operation)()
            scene.check()

    asyncio.run(main())


class Scene:
    """A queue, its consumers, and what has become of each message that it took."""

    def __init__(self, arguments, random):
        self.random = random
        self.queue = Queue("q", FakeVhost(), arguments=arguments)
        self.channel = FakeChannel()
        self.channel.deliver = self.deliver
        self.held = []
        self.taken = 0
        self.done = 0

    def check(self):
        waiting = len(self.queue)
        assert self.taken == waiting + len(self.held) + self.done + len(self.queue.vhost.buried)
        assert self.queue.unacked_count == len(self.held)
        assert self.queue.message_bytes - self.queue.ready_bytes == sum(
            len(entry.message.body) for entry in self.held
        )
        if not waiting:
            assert self.queue.ready_bytes == 0

    def deliver(self, consumer, entry):
        consumer.unacked += 1
        self.held.append(entry)

    def put(self):
        before = len(self.queue.vhost.buried)
        body = b"x" * self.random.randrange(5)
        if self.queue.put(message("m", body=body, priority=self.random.randrange(5))):
            self.taken += 1
        else:
            del self.queue.vhost.buried[before:]

    def get(self):
        entry = self.queue.get(no_ack=self.random.random() < 0.3)
        if entry is not None and self.queue.unacked_count > len(self.held):
            self.held.append(entry)
        elif entry is not None:
            self.done += 1

    def ack(self):
        chosen = self.choose()
        self.queue.acknowledge(chosen)
        self.done += len(chosen)

    def reject(self):
        self.queue.reject(self.choose())

    def requeue(self):
        self.queue.requeue(self.choose())

    def choose(self):
        chosen = [entry for entry in self.held if self.random.random() < 0.5]
        self.held = [entry for entry in self.held if entry not in chosen]
        return chosen

    def consume(self):
        consume(self.queue, self.channel, f"tag{self.random.random()}", prefetch=self.random.randrange(1, 3))

    def cancel(self):
        if self.queue.consumers:
            self.queue.remove_consumer(self.random.choice(list(self.queue.consumers.values())))

    def purge(self):
        self.done += self.queue.purge()
