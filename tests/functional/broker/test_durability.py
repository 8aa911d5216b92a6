# SPDX-License-Identifier: Apache-2.0
"""A durable broker that is killed or restarted: what was confirmed is there, each message once, in order."""

import contextlib
import threading

import amqp
import pytest

from tests.broker_process import start_broker

PERSISTENT = 2
SECONDS = 60


@pytest.fixture
def broker(tmp_path):
    broker = start_broker(tmp_path, durable=True, durable_file=tmp_path / "broker.sqlite")
    yield broker
    broker.stop()


@contextlib.contextmanager
def channel_to(broker, **options):
    connection = amqp.Connection(
        f"127.0.0.1:{broker.port}", connect_timeout=SECONDS, read_timeout=SECONDS, **options
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.collect()


def take_all(channel, queue):
    """[(body, redelivered)] of what waits, acknowledged."""
    found = []
    while message := channel.basic_get(queue):
        found.append((message.body, message.delivery_info["redelivered"]))
        channel.basic_ack(message.delivery_tag)
    return found


def bodies(channel, queue):
    return [body for body, _ in take_all(channel, queue)]


def test_what_is_durable_survives_a_kill_and_nothing_else(broker):
    with channel_to(broker, confirm_publish=True) as channel:
        channel.exchange_declare("durable", "topic", durable=True, auto_delete=False)
        channel.exchange_declare("transient", "topic", durable=False, auto_delete=False)
        channel.exchange_declare("second", "fanout", durable=True, auto_delete=False)
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-max-priority": 3})
        channel.queue_declare("gone", durable=False, auto_delete=False)
        channel.queue_declare("deleted", durable=True, auto_delete=False)
        channel.queue_bind("kept", "second", "", arguments={"number": 7})
        channel.exchange_bind("second", "durable", "a.#")
        channel.queue_bind("kept", "durable", "unbound")
        channel.queue_unbind("kept", "durable", "unbound")
        channel.basic_publish(amqp.Message("lost", delivery_mode=PERSISTENT), "", "deleted")
        channel.queue_delete("deleted")
        channel.basic_publish(amqp.Message("low", delivery_mode=PERSISTENT, priority=0), "", "kept")
        channel.basic_publish(amqp.Message("high", delivery_mode=PERSISTENT, priority=3), "", "kept")
        channel.basic_publish(amqp.Message("transient", delivery_mode=1), "", "kept")
    broker.kill()
    broker.start()

    with channel_to(broker, confirm_publish=True) as channel:
        channel.basic_publish(amqp.Message("new", delivery_mode=1), "durable", "a.b")
        channel.basic_publish(amqp.Message("nowhere", delivery_mode=1), "durable", "unbound")
        assert bodies(channel, "kept") == ["high", "low", "new"]
        # The very arguments, or this would be refused.
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments={"x-max-priority": 3})
    for missing in ("gone", "deleted"):
        with channel_to(broker) as channel, pytest.raises(amqp.NotFound):
            channel.queue_declare(missing, passive=True)
    with channel_to(broker) as channel, pytest.raises(amqp.NotFound):
        channel.exchange_declare("transient", "topic", passive=True)


def test_a_message_is_marked_as_redelivered_when_it_was_delivered_before_the_kill(broker):
    with channel_to(broker, confirm_publish=True) as channel:
        channel.queue_declare("q", durable=True, auto_delete=False)
        for number in range(4):
            channel.basic_publish(amqp.Message(str(number), delivery_mode=PERSISTENT), "", "q")
        first, _second = channel.basic_get("q"), channel.basic_get("q")
        channel.basic_ack(first.delivery_tag)
        # Its answer comes when all before it is on disk.
        channel.queue_declare("q", passive=True)
    broker.kill()
    broker.start()

    with channel_to(broker) as channel:
        assert take_all(channel, "q") == [("1", True), ("2", False), ("3", False)]
    broker.restart()

    with channel_to(broker) as channel:
        assert take_all(channel, "q") == []


def test_a_kill_under_load_loses_nothing_that_was_confirmed_and_doubles_nothing(broker):
    """Four publishers and a consumer until the kill: each message is acknowledged, or there, or was not confirmed."""
    confirmed, sent, consumed, acknowledged = set(), set(), set(), set()
    enough = threading.Event()

    def publish(name):
        with (
            contextlib.suppress(OSError, amqp.AMQPError),
            channel_to(broker, confirm_publish=True) as channel,
        ):
            for number in range(100_000):
                body = f"{name}-{number}"
                sent.add(body)
                channel.basic_publish(
                    amqp.Message(body, delivery_mode=PERSISTENT), "", "load", timeout=SECONDS
                )
                confirmed.add(body)
                if len(confirmed) > 400:
                    enough.set()

    def consume():
        with contextlib.suppress(OSError, amqp.AMQPError), channel_to(broker) as channel:
            while not acknowledged or len(acknowledged) < 150:
                message = channel.basic_get("load")
                if message is not None:
                    consumed.add(message.body)
                    channel.basic_ack(message.delivery_tag)
                    channel.queue_declare("load", passive=True)
                    acknowledged.add(message.body)

    with channel_to(broker) as channel:
        channel.queue_declare("load", durable=True, auto_delete=False)
    threads = [threading.Thread(target=publish, args=(name,)) for name in "abcd"]
    threads.append(threading.Thread(target=consume))
    for thread in threads:
        thread.start()
    assert enough.wait(2 * SECONDS)
    broker.kill()
    for thread in threads:
        thread.join(2 * SECONDS)
    broker.start()

    with channel_to(broker) as channel:
        found = bodies(channel, "load")
    assert len(found) == len(set(found))
    assert confirmed - set(found) - consumed == set()
    assert set(found) & acknowledged == set()
    assert set(found) <= sent
    for name in "abcd":
        numbers = [int(body.split("-")[1]) for body in found if body.startswith(name)]
        assert numbers == sorted(numbers)


def test_a_file_that_is_no_brokers_is_refused_and_stays_as_it_is(tmp_path):
    path = tmp_path / "broker.sqlite"
    path.write_text("This is not a database, but it is somebody's. " * 200)
    before = path.read_bytes()

    with pytest.raises(RuntimeError, match=r"cannot use .*broker.sqlite: file is not a database"):
        start_broker(tmp_path, durable=True, durable_file=path)

    assert path.read_bytes() == before


def test_a_second_broker_on_the_same_file_is_refused(broker, tmp_path):
    second = tmp_path / "second"
    second.mkdir()

    with pytest.raises(RuntimeError, match="another broker uses it"):
        start_broker(second, durable=True, durable_file=tmp_path / "broker.sqlite")
