# SPDX-License-Identifier: Apache-2.0
"""Clients that do not read: they wait in their queue, not in the broker's write buffers, and harm nobody."""

import contextlib
import pathlib
import re
import sys
import time

import amqp
import pytest
from pamqp import commands
from pamqp import frame as pamqp_frame

from tests.broker_process import start_broker

WAIT_SECONDS = 60
MESSAGE_COUNT = 2000
BODY = b"x" * 20_000


@pytest.fixture
def own_broker(tmp_path):
    broker = start_broker(tmp_path)
    yield broker
    broker.stop()


def test_messages_for_a_consumer_that_does_not_read_stay_in_the_queue(own_broker):
    with own_broker.connect() as slow, own_broker.connect() as fast:
        received = []
        slow_channel, channel = slow.channel(), fast.channel()
        slow_channel.queue_declare("slow", auto_delete=False)
        slow_channel.basic_consume(
            "slow", no_ack=True, callback=lambda message: received.append(len(message.body))
        )
        for _ in range(MESSAGE_COUNT):
            channel.basic_publish(amqp.Message(BODY), "", "slow")
        waiting = channel.queue_declare("slow", passive=True).message_count
        # What left the queue fits into the sockets' and the broker's bounded buffers.
        assert waiting > MESSAGE_COUNT / 2

        while len(received) < MESSAGE_COUNT:
            slow.drain_events(timeout=WAIT_SECONDS)
        assert set(received) == {len(BODY)}
        assert channel.queue_declare("slow", passive=True).message_count == 0


def test_client_that_never_reads_loses_its_connection(tmp_path):
    broker = start_broker(tmp_path, write_timeout=1)
    try:
        with broker.connect() as deaf, broker.connect() as other:
            deaf_channel, channel = deaf.channel(), other.channel()
            deaf_channel.queue_declare("q", auto_delete=False)
            deaf_channel.basic_consume("q")
            for _ in range(MESSAGE_COUNT):
                channel.basic_publish(amqp.Message(BODY), "", "q")
            deadline = time.monotonic() + WAIT_SECONDS
            while channel.queue_declare("q", passive=True).message_count < MESSAGE_COUNT:
                assert time.monotonic() < deadline, "what it had was not given back"
                time.sleep(0.1)
            assert "client has read nothing for 1s" in broker.log()
            deaf.collect()  # it cannot say good-bye
    finally:
        broker.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_client_that_asks_without_reading_the_answers_does_not_fill_the_memory(own_broker):
    with own_broker.connect() as deaf, own_broker.connect() as other:
        channel = deaf.channel()
        name = channel.queue_declare(exclusive=True).queue
        channel.basic_publish(amqp.Message(b"x" * 100_000), "", name)
        deaf.sock.settimeout(0.5)
        get = pamqp_frame.marshal(commands.Basic.Get(0, name), channel.channel_id)
        # Puts the message back for the next Basic.Get.
        recover = pamqp_frame.marshal(commands.Basic.Recover(requeue=True), channel.channel_id)
        before = resident_kilobytes(own_broker.pid)
        with contextlib.suppress(TimeoutError, OSError):
            for _ in range(10_000):
                deaf.sock.sendall((get + recover) * 100)
        deaf.collect()  # it could not say good-bye either
        other.channel().queue_declare(exclusive=True)
        assert resident_kilobytes(own_broker.pid) - before < 50_000


def resident_kilobytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
