# SPDX-License-Identifier: Apache-2.0
"""What is counted, and what happens to clients when it is too much."""

import asyncio
import gc
import logging
import struct

import pytest
from pamqp import commands

from minova.broker import frame, memory
from minova.broker.server import Server, Settings
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, Client, header, marshal

LIMIT_OCTETS = 2**20
BODY = b"x" * 100_000


def content(body, size=None, channel_id=1):
    return marshal(
        channel_id, commands.Basic.Publish(0, "", "q"), header(len(body) if size is None else size)
    ) + frame.encode(frame.BODY, channel_id, body)


class Broker:
    """A broker with a limit of one MB, and its clients."""

    def __init__(self):
        self.server = Server(Settings(memory_high_watermark_mb=1))
        self.memory = self.server.memory
        self.memory.watch(self.server)
        self._clients = []

    def client(self):
        client = Client(self.server)
        client.send(HANDSHAKE + CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, "q")))
        self._clients.append(client)
        return client

    async def settle(self, condition):
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    def close(self):
        for client in self._clients:
            client.close()
        self.memory.stop()


def run(scenario):
    async def main():
        broker = Broker()
        try:
            await scenario(broker)
        finally:
            broker.close()

    asyncio.run(main())


def names(client):
    return [answer.name for answer in client.answers()]


def fill(client):
    """Publish until the broker reads no more."""
    count = 0
    while client.transport.is_reading:
        client.send(content(BODY))
        count += 1
        assert count < 20
    return count - 1


def purge(client):
    client.send(marshal(1, commands.Queue.Purge(0, "q")))


def test_publisher_is_blocked_until_there_is_room(caplog):
    caplog.set_level(logging.WARNING)

    async def scenario(broker):
        publisher, other = broker.client(), broker.client()
        accepted = fill(publisher)
        assert broker.memory.is_high
        assert LIMIT_OCTETS < broker.memory.used_octets < LIMIT_OCTETS + 2 * len(BODY)
        assert names(publisher)[-1] == "Connection.Blocked"
        assert publisher.answers()[-1].reason == "low on memory"
        assert "memory high watermark reached" in caplog.text

        purge(other)
        assert other.answers()[-1].message_count == accepted
        await broker.settle(lambda: names(publisher)[-1] == "Connection.Unblocked")
        assert publisher.transport.is_reading
        assert "memory below the high watermark" in caplog.text
        purge(other)
        assert other.answers()[-1].message_count == 1  # the one that had come and waited

    run(scenario)


def test_who_does_not_publish_goes_on():
    async def scenario(broker):
        publisher, other = broker.client(), broker.client()
        fill(publisher)
        other.send(
            marshal(1, commands.Queue.Declare(0, "r"), commands.Basic.Get(0, "q"), commands.Basic.Ack(1))
        )
        assert names(other)[-2:] == ["Queue.DeclareOk", "Basic.GetOk"]
        assert other.transport.is_reading

    run(scenario)


def test_contents_cut_in_half_cannot_lock_each_other_out():
    """Were each blocked with half of its body come, nobody could ever make room."""

    async def scenario(broker):
        publishers = [broker.client() for _ in range(5)]
        half = frame.encode(frame.BODY, 1, BODY) * 2
        for publisher in publishers:
            publisher.send(marshal(1, commands.Basic.Publish(0, "", "q"), header(4 * len(BODY))) + half)
        blocked = [publisher for publisher in publishers if not publisher.transport.is_reading]
        assert len(blocked) == 2
        consumer = broker.client()
        consumer.send(marshal(1, commands.Basic.Consume(0, "q", no_ack=True)))
        waiting = set(publishers)
        while waiting:
            await broker.settle(lambda: any(publisher.transport.is_reading for publisher in waiting))
            for publisher in [other for other in waiting if other.transport.is_reading]:
                publisher.send(half)
                waiting.discard(publisher)
        assert names(consumer).count("Basic.Deliver") == 5

    run(scenario)


def test_message_larger_than_the_limit_passes_when_it_is_alone():
    async def scenario(broker):
        publisher, other = broker.client(), broker.client()
        publisher.send(content(BODY, size=12 * len(BODY)))
        assert broker.memory.is_high
        for _ in range(11):
            publisher.send(frame.encode(frame.BODY, 1, BODY))
        purge(other)
        assert other.answers()[-1].message_count == 1
        await broker.settle(lambda: not broker.memory.is_high)

    run(scenario)


@pytest.mark.parametrize(
    "octets",
    [
        content(BODY),
        content(BODY) + marshal(1, commands.Queue.Purge(0, "q")),
        content(BODY) + marshal(1, commands.Basic.Get(0, "q")),
        content(BODY) * 2 + marshal(1, commands.Basic.Consume(0, "q", no_ack=True)),
        content(BODY, size=2 * len(BODY)),
        content(BODY, size=len(BODY) - 1),
        content(b"x"),
        marshal(1, commands.Basic.Publish(0, "", "nowhere"), header(5000)) + frame.encode(3, 1, b"x" * 5000),
        marshal(1, commands.Basic.Publish(0, "", "q"))
        + struct.pack(">BHIHHQHB", 2, 1, 14, 60, 0, 9000, 0, 0xCE),
        marshal(1, commands.Queue.Declare(0, "own", exclusive=True)),
    ],
)
def test_nothing_is_counted_of_what_is_gone(octets):
    async def scenario(broker):
        other, client = broker.client(), broker.client()
        client.send(octets)
        client.close()
        purge(other)
        other.send(marshal(1, commands.Queue.Delete(0, "q")))
        del client
        broker._clients.pop()
        gc.collect()
        assert broker.memory.message_octets == 0
        assert broker.memory.queue_count == 0

    run(scenario)


def test_queues_may_take_half():
    async def scenario(broker):
        client = broker.client()
        most = broker.memory.most_queues
        assert most == LIMIT_OCTETS // 2 // memory.QUEUE_OCTETS
        for number in range(1, most):
            client.send(marshal(1, commands.Queue.Declare(0, f"q{number}")))
        client.send(marshal(1, commands.Queue.Declare(0, "q1")))  # which is there
        assert names(client)[-1] == "Queue.DeclareOk"
        client.send(marshal(1, commands.Queue.Declare(0, "more")))
        assert client.answers()[-1].reply_text == (
            f"PRECONDITION_FAILED - cannot declare queue 'more': queue limit in vhost '/' ({most}) is reached"
        )

    run(scenario)


def test_blocked_client_is_not_missed_for_its_heartbeats():
    async def scenario(broker):
        client = broker.client()
        fill(client)
        liveness = client.connection._liveness
        liveness.start_heartbeats(1)
        for _ in range(10):
            liveness._check_heartbeat()
        assert not client.transport.is_closed

    run(scenario)


def test_shutdown_ends_a_blocked_connection():
    async def scenario(broker):
        client = broker.client()
        fill(client)
        await broker.server.stop()
        assert names(client)[-1] == "Connection.Close"
        assert client.transport.is_closed

    run(scenario)


def test_limit_is_a_share_of_the_machine():
    assert 2**26 < memory.default_limit() < 2**50
