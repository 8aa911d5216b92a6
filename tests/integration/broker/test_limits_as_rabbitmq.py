# SPDX-License-Identifier: Apache-2.0
"""Limits of length, priorities of messages, times: as on RabbitMQ."""

import time

import amqp
import pytest

from tests.broker_comparison import (
    WAIT_SECONDS,
    assert_same_outcome,
    await_count,
    bodies,
    consume,
    declare,
    drain,
    nack,
    publish,
    scenarios,
    take,
)

TO_D = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "d"}


def publish_each(channel, texts, **properties):
    """Publish, and return for each text whether the broker confirmed it."""
    outcomes = []
    for body in texts:
        try:
            publish(channel, body, **properties)
            outcomes.append(True)
        except amqp.exceptions.MessageNacked:
            outcomes.append(False)
    return outcomes


def length_drops_the_oldest(broker, channel):
    declare(channel, arguments={"x-max-length": 2})
    return publish_each(channel, "abcd"), bodies(take(channel, count=2)), channel.basic_get("q")


def length_of_bytes_drops_the_oldest(broker, channel):
    declare(channel, arguments={"x-max-length-bytes": 10})
    outcomes = publish_each(channel, ["aaaa", "bbbb", "cc", "dddd"])
    return outcomes, bodies(take(channel, count=3)), channel.basic_get("q")


def message_larger_than_the_queue(broker, channel):
    declare(channel, arguments={"x-max-length-bytes": 3})
    return publish_each(channel, ["abcd"]), channel.basic_get("q")


def unacknowledged_ones_do_not_count(broker, channel):
    declare(channel, arguments={"x-max-length": 1})
    publish_each(channel, "a")
    held = take(channel)[0]
    publish_each(channel, "b")
    nack(channel, held.delivery_tag, requeue=True)
    return bodies(take(channel)), channel.basic_get("q")


def length_0_serves_waiting_consumers_only(broker, channel):
    declare(channel, arguments={"x-max-length": 0})
    publish_each(channel, "a")
    received = []
    consume(channel, received, no_ack=True)
    publish_each(channel, "b")
    drain(channel, received, 1)
    return bodies(received)


def full_queue_refuses(broker, channel):
    declare(channel, arguments={"x-max-length": 2, "x-overflow": "reject-publish"})
    return publish_each(channel, "abc"), bodies(take(channel, count=2)), publish_each(channel, "d")


def full_queue_of_bytes_refuses(broker, channel):
    declare(channel, arguments={"x-max-length-bytes": 4, "x-overflow": "reject-publish"})
    return publish_each(channel, ["aaa", "bb", "c", "d"]), bodies(take(channel, count=2))


def full_queue_refuses_into_dead_letters(broker, channel):
    declare(channel, "d")
    declare(channel, arguments={"x-max-length": 1, "x-overflow": "reject-publish-dlx"} | TO_D)
    outcomes = publish_each(channel, "ab")
    dead = take(channel, "d")[0]
    return outcomes, dead.body, dead.headers["x-first-death-reason"], dead.headers["x-death"][0]["count"]


def refusal_without_dead_letters(broker, channel):
    declare(channel, "d")
    declare(channel, arguments={"x-max-length": 0, "x-overflow": "reject-publish"} | TO_D)
    return publish_each(channel, "ab"), channel.basic_get("d")


def one_of_two_queues_refuses(broker, channel):
    declare(channel, arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
    declare(channel, "other")
    for queue in ("q", "other"):
        channel.queue_bind(queue, "amq.fanout")
    return publish_each(channel, "a", exchange="amq.fanout"), bodies(take(channel, "other"))


def refused_mandatory_message_is_not_returned(broker, channel):
    declare(channel, arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
    events = []
    channel.confirm_select()
    channel.events["basic_return"].add(lambda *args: events.append("return"))
    channel.events["basic_ack"].add(lambda *args: events.append("ack"))
    channel.events["basic_nack"].add(lambda tag, *args: events.append(("nack", tag)))
    channel.basic_publish(amqp.Message("x"), routing_key="q", mandatory=True)
    drain(channel, events, 1)
    return events


def priorities_go_first(broker, channel):
    declare(channel, arguments={"x-max-priority": 5})
    for body, priority in (("a", 1), ("b", 9), ("c", 5), ("d", None), ("e", 0), ("f", 1)):
        publish(channel, body, priority=priority)
    return bodies(take(channel, count=6))


def without_argument_priorities_do_not_count(broker, channel):
    declare(channel)
    publish(channel, "a", priority=1)
    publish(channel, "b", priority=2)
    return bodies(take(channel, count=2))


def priorities_keep_their_place_when_requeued(broker, channel):
    declare(channel, arguments={"x-max-priority": 2})
    for body, priority in (("a", 1), ("b", 2), ("c", 1)):
        publish(channel, body, priority=priority)
    held = take(channel, count=3)
    nack(channel, held[2].delivery_tag, multiple=True, requeue=True)
    return bodies(take(channel, count=3))


def priorities_and_length(broker, channel):
    declare(channel, arguments={"x-max-priority": 2, "x-max-length": 2})
    for body, priority in (("a", 1), ("b", 2), ("c", 0)):
        publish(channel, body, priority=priority)
    return bodies(take(channel, count=2)), channel.basic_get("q")


def expiry_waits_behind_a_longer_lived_one(broker, channel):
    declare(channel)
    publish(channel, "long")
    publish(channel, "short", expiration="1")
    held = take(channel)
    await_count(channel, 0)
    return bodies(held)


def requeued_message_keeps_its_time(broker, channel):
    declare(channel)
    publish(channel, "x", expiration="1500")
    held = take(channel)[0]
    nack(channel, held.delivery_tag, requeue=True)
    await_count(channel, 1)
    await_count(channel, 0)
    return channel.basic_get("q")


def shorter_of_two_times(broker, channel):
    declare(channel, arguments={"x-message-ttl": 60000})
    publish(channel, "short", expiration="20")
    await_count(channel, 0)
    return channel.basic_get("q")


def queue_nobody_uses_goes(broker, channel):
    channel.exchange_declare("x", "fanout", auto_delete=True)
    declare(channel, arguments={"x-expires": 100})
    channel.queue_bind("q", "x")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        channel.exchange_declare("x", "fanout", passive=True)  # to ask for the queue would be a use of it
        time.sleep(0.01)


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
