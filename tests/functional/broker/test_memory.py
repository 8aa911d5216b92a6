# SPDX-License-Identifier: Apache-2.0
"""A real broker with little memory to use, and clients that want more."""

import pathlib
import re
import socket
import sys
import threading
import time

import amqp
import pytest

from tests.broker_process import start_broker

WAIT_SECONDS = 60
BODY = b"x" * 50_000
LIMIT_MB = 20
FLOODERS = 4
MESSAGE_COUNT = 1000  # of each: 200 MB together


@pytest.fixture
def own_broker(tmp_path):
    broker = start_broker(tmp_path, memory_high_watermark_mb=LIMIT_MB)
    yield broker
    broker.stop()


def connect(broker, **kwargs):
    # py-amqp would have the system give up a socket that takes nothing for a second.
    settings = {socket.TCP_USER_TIMEOUT: 1000 * WAIT_SECONDS}
    return broker.connect(socket_settings=settings, **kwargs)


def flood(broker, queue):
    # With heartbeats, which a blocked client cannot deliver.
    with connect(broker, heartbeat=1) as connection:
        channel = connection.channel()
        for _ in range(MESSAGE_COUNT):
            channel.basic_publish(amqp.Message(BODY), "", queue)
        channel.queue_declare(queue, passive=True)  # all of it has come


def declare_many(channel, count):
    for number in range(count):
        channel.queue_declare(f"q{number}", auto_delete=False)


def until(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def resident_megabytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_flood_waits_for_its_consumer_and_nothing_is_lost(own_broker):
    before = resident_megabytes(own_broker.pid)
    with connect(own_broker) as connection:
        channel = connection.channel()
        channel.queue_declare("q", auto_delete=False)
        flooders = [threading.Thread(target=flood, args=(own_broker, "q")) for _ in range(FLOODERS)]
        for flooder in flooders:
            flooder.start()
        until(lambda: own_broker.log().count("blocked: low on memory") >= FLOODERS)
        time.sleep(3)  # longer than heartbeats may be missing
        assert resident_megabytes(own_broker.pid) - before < 2 * LIMIT_MB
        assert 0 < channel.queue_declare("q", passive=True).message_count < MESSAGE_COUNT

        received = []
        channel.basic_qos(0, 10, False)

        def take(message):
            received.append(len(message.body))
            message.channel.basic_ack(message.delivery_tag)

        channel.basic_consume("q", callback=take)
        while len(received) < FLOODERS * MESSAGE_COUNT:
            connection.drain_events(timeout=WAIT_SECONDS)
        for flooder in flooders:
            flooder.join(WAIT_SECONDS)
            assert not flooder.is_alive()
        assert resident_megabytes(own_broker.pid) - before < 3 * LIMIT_MB
    until(lambda: "memory below the high watermark" in own_broker.log().splitlines()[-1])


def test_client_is_told_that_it_is_blocked_and_that_it_is_not(own_broker):
    events = []
    with connect(own_broker) as other:
        connection = connect(
            own_broker, on_blocked=events.append, on_unblocked=lambda: events.append("unblocked")
        )
        channel = connection.channel()
        channel.queue_declare("q", auto_delete=False)
        for _ in range(LIMIT_MB * 2**20 // len(BODY) + 1):
            channel.basic_publish(amqp.Message(BODY), "", "q")
        while not events:
            connection.drain_events(timeout=WAIT_SECONDS)
        assert len(events) == 1  # py-amqp does not pass the reason on
        other.channel().queue_purge("q")
        while len(events) < 2:
            connection.drain_events(timeout=WAIT_SECONDS)
        assert events[1] == "unblocked"
        connection.close()


def test_queues_beyond_their_share_are_refused(own_broker):
    with connect(own_broker) as connection:
        channel = connection.channel()
        with pytest.raises(amqp.PreconditionFailed, match="queue limit in vhost '/'"):
            declare_many(channel, LIMIT_MB * 2**20 // 1000)


def test_message_beyond_the_largest_size_ends_its_channel_alone(own_broker):
    with connect(own_broker) as connection:
        channel = connection.channel()
        channel.basic_publish(amqp.Message(bytes(128 * 2**20 + 1)), "", "q")
        with pytest.raises(amqp.PreconditionFailed, match="is larger than configured max size 134217728"):
            channel.queue_declare("q")
        connection.channel().queue_declare("q")
