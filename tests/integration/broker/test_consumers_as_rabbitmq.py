# SPDX-License-Identifier: Apache-2.0
"""Who of several consumers gets a message, and what becomes of it: as on RabbitMQ."""

import pytest

from tests.broker_comparison import (
    assert_same_outcome,
    await_count,
    bodies,
    consume,
    declare,
    drain,
    nack,
    publish,
    scenarios,
    settle,
    take,
)

SINGLE = {"x-single-active-consumer": True}


def who_got_what(messages):
    return [(message.delivery_info["consumer_tag"], message.body) for message in messages]


def consume_as(channel, received, *tags, queue="q", **kwargs):
    for tag in tags:
        consume(channel, received, queue, consumer_tag=tag, **kwargs)


def higher_priority_first(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 2, False)
    for tag, priority in (("low", -1), ("none", None), ("high", 5)):
        consume_as(channel, received, tag, arguments={} if priority is None else {"x-priority": priority})
    for body in "abcdefg":
        publish(channel, body)
    drain(channel, received, 6)
    channel.basic_ack(received[0].delivery_tag)
    drain(channel, received, 7)
    return who_got_what(received)


def equal_priorities_take_turns(broker, channel):
    declare(channel)
    received = []
    consume_as(channel, received, "a", "b", no_ack=True, arguments={"x-priority": 1})
    consume_as(channel, received, "c", no_ack=True)
    for body in "1234":
        publish(channel, body)
    drain(channel, received, 4)
    return who_got_what(received)


def single_active_consumer_gets_all(broker, channel):
    declare(channel, arguments=SINGLE)
    received = []
    consume_as(channel, received, "a", "b", "c", no_ack=True)
    for body in "12":
        publish(channel, body)
    drain(channel, received, 2)
    channel.basic_cancel("a")
    publish(channel, "3")
    drain(channel, received, 3)
    channel.basic_cancel("c")
    publish(channel, "4")
    drain(channel, received, 4)
    return who_got_what(received)


def single_active_consumer_that_is_full(broker, channel):
    declare(channel, arguments=SINGLE)
    received = []
    channel.basic_qos(0, 1, False)
    consume_as(channel, received, "a", "b")
    for body in "12":
        publish(channel, body)
    drain(channel, received, 1)
    waiting = channel.queue_declare("q", passive=True).message_count
    channel.basic_ack(received[0].delivery_tag)
    drain(channel, received, 2)
    return waiting, who_got_what(received)


def single_active_consumer_and_priorities(broker, channel):
    declare(channel, arguments=SINGLE)
    received = []
    for tag, priority in (("a", 0), ("low", 1), ("high", 2)):
        consume_as(channel, received, tag, no_ack=True, arguments={"x-priority": priority})
    publish(channel, "1")
    drain(channel, received, 1)
    channel.basic_cancel("a")
    publish(channel, "2")
    drain(channel, received, 2)
    return who_got_what(received)


def single_active_consumers_channel_closes(broker, channel):
    declare(channel, arguments=SINGLE)
    received = []
    other = channel.connection.channel()
    consume_as(other, received, "a")
    consume_as(channel, received, "b")
    publish(channel, "1")
    drain(channel, received, 1)
    other.close()
    drain(channel, received, 2)
    return [
        (*pair, message.delivery_info["redelivered"])
        for pair, message in zip(who_got_what(received), received, strict=True)
    ]


def negative_acknowledgement_of_several(broker, channel):
    declare(channel)
    for body in "abcd":
        publish(channel, body)
    held = take(channel, count=4)
    nack(channel, held[2].delivery_tag, multiple=True, requeue=True)
    return [(message.body, message.delivery_info["redelivered"]) for message in take(channel, count=3)]


def negative_acknowledgement_of_all(broker, channel):
    declare(channel)
    for body in "ab":
        publish(channel, body)
    take(channel, count=2)
    nack(channel, 0, multiple=True, requeue=True)
    return bodies(take(channel, count=2))


def negative_acknowledgement_of_unknown_tag(broker, channel):
    nack(channel, 3)
    settle(channel)


def negative_acknowledgement_twice(broker, channel):
    declare(channel)
    publish(channel, "a")
    tag = take(channel)[0].delivery_tag
    nack(channel, tag)
    nack(channel, tag)
    settle(channel)


def requeued_message_goes_to_another_consumer(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 1, False)
    consume_as(channel, received, "a", "b")
    publish(channel, "1")
    drain(channel, received, 1)
    nack(channel, received[0].delivery_tag, requeue=True)
    drain(channel, received, 2)
    return [
        (*pair, message.delivery_info["redelivered"])
        for pair, message in zip(who_got_what(received), received, strict=True)
    ]


def recovery_redelivers(broker, channel):
    declare(channel)
    received = []
    consume_as(channel, received, "a")
    for body in "12":
        publish(channel, body)
    drain(channel, received, 2)
    channel.basic_recover(requeue=True)
    drain(channel, received, 4)
    channel.basic_ack(0, multiple=True)
    return [
        (message.body, message.delivery_tag, message.delivery_info["redelivered"]) for message in received
    ]


def recovery_without_requeue(broker, channel):
    channel.basic_recover(requeue=False)


def prefetch_does_not_count_what_was_got(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 1, True)
    publish(channel, "1")
    publish(channel, "2")
    assert take(channel)[0].body == "1"
    consume_as(channel, received, "a")
    drain(channel, received, 1)
    return who_got_what(received)


def prefetch_of_the_channel_ends_with_one_of_consumers(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 1, True)
    consume_as(channel, received, "a")
    for body in "123":
        publish(channel, body)
    drain(channel, received, 1)
    channel.basic_qos(0, 1, False)
    drain(channel, received, 3)
    return bodies(received)


def prefetch_is_no_limit_without_acknowledgements(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 1, True)
    consume_as(channel, received, "a", no_ack=True)
    for body in "123":
        publish(channel, body)
    drain(channel, received, 3)
    return bodies(received)


def prefetch_of_both_kinds(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 2, False)
    channel.basic_qos(0, 3, True)
    consume_as(channel, received, "a", "b")
    for body in "12345":
        publish(channel, body)
    drain(channel, received, 3)
    await_count(channel, 2)
    return who_got_what(received)


def larger_prefetch_lets_more_come(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 1, True)
    consume_as(channel, received, "a")
    for body in "123":
        publish(channel, body)
    drain(channel, received, 1)
    channel.basic_qos(0, 3, True)
    drain(channel, received, 3)
    return bodies(received)


def cancelled_consumers_message_can_be_acknowledged(broker, channel):
    declare(channel)
    received = []
    consume_as(channel, received, "a")
    publish(channel, "1")
    drain(channel, received, 1)
    channel.basic_cancel("a")
    channel.basic_ack(received[0].delivery_tag)
    settle(channel)
    return channel.basic_get("q")


def unknown_consumer_is_cancelled(broker, channel):
    channel.basic_cancel("nobody")
    return "ok"


def exclusive_consumer_lets_others_in_after_it(broker, channel):
    declare(channel)
    channel.basic_consume("q", consumer_tag="a", exclusive=True)
    channel.basic_cancel("a")
    return channel.basic_consume("q", consumer_tag="b")


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
