# SPDX-License-Identifier: Apache-2.0
"""Dead letters: which messages die, where they go and what their headers say, as on RabbitMQ."""

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

TO_D = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "d"}


def describe(message):
    """Return what a message says of itself, without the times of its deaths."""
    properties = dict(message.properties)
    headers = properties["application_headers"] = dict(properties.get("application_headers", {}))
    if isinstance(headers.get("x-death"), list):
        headers["x-death"] = [without_time(death) for death in headers["x-death"]]
    address = message.delivery_info["exchange"], message.delivery_info["routing_key"]
    return message.body, address, message.delivery_info["redelivered"], properties


def without_time(death):
    assert type(death["time"]).__name__ == "datetime"
    return {name: value for name, value in death.items() if name != "time"}


def declare_two(channel, **arguments):
    declare(channel, "d")
    declare(channel, arguments=TO_D | {name.replace("_", "-"): value for name, value in arguments.items()})


def rejected(broker, channel):
    declare_two(channel)
    publish(channel, "x", delivery_mode=2, application_headers={"k": [1, {"n": None}]}, expiration="60000")
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d"))


def rejected_in_bulk(broker, channel):
    declare_two(channel)
    for body in "abc":
        publish(channel, body)
    nack(channel, take(channel, count=3)[1].delivery_tag, multiple=True)
    return bodies(take(channel, "d", 2))


def requeued_ones_live_on(broker, channel):
    declare_two(channel)
    publish(channel, "a")
    nack(channel, take(channel)[0].delivery_tag, requeue=True)
    return describe(*take(channel)), channel.basic_get("d")


def expired_by_the_queue(broker, channel):
    declare_two(channel, x_message_ttl=20)
    publish(channel, "x")
    return describe(*take(channel, "d"))


def expired_by_itself(broker, channel):
    declare_two(channel)
    publish(channel, "x", expiration="20", priority=3)
    return describe(*take(channel, "d"))


def expired_at_once(broker, channel):
    declare_two(channel, x_message_ttl=0)
    publish(channel, "x")
    return describe(*take(channel, "d"))


def dropped_from_the_head(broker, channel):
    declare_two(channel, x_max_length=2)
    for body in "abcd":
        publish(channel, body)
    return [describe(message) for message in take(channel, "d", 2)], bodies(take(channel, count=2))


def purged_and_deleted_ones_do_not_die(broker, channel):
    declare_two(channel)
    publish(channel, "a")
    channel.queue_purge("q")
    publish(channel, "b")
    channel.queue_delete("q")
    settle(channel)
    return channel.basic_get("d")


def dead_letter_exchange_that_does_not_exist(broker, channel):
    declare(channel, arguments={"x-dead-letter-exchange": "nope"})
    publish(channel, "a")
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    settle(channel)
    return channel.basic_get("q")


def routing_key_stays_without_another(broker, channel):
    channel.exchange_declare("dlx", "topic", auto_delete=True)
    declare(channel, "d")
    channel.queue_bind("d", "dlx", "a.#")
    declare(channel, arguments={"x-dead-letter-exchange": "dlx"})
    channel.queue_bind("q", "amq.topic", "#")
    publish(channel, "x", "a.b.c", "amq.topic", application_headers={"CC": ["a.d"]})
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d"))


def copies_do_not_follow_another_routing_key(broker, channel):
    declare_two(channel)
    declare(channel, "copy")
    publish(channel, "x", application_headers={"CC": ["copy"], "BCC": ["blind"]})
    take(channel, "copy")
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d")), channel.basic_get("copy")


def twice_in_one_queue(broker, channel):
    declare(channel, "d", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q"})
    declare(channel, arguments=TO_D)
    publish(channel, "x")
    for queue in ("q", "d", "q"):
        channel.basic_reject(take(channel, queue)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d"))


def through_four_queues(broker, channel):
    for name, following in zip("abcd", "bcde", strict=True):
        declare(
            channel,
            name,
            arguments={
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": following,
                "x-message-ttl": 1,
            },
        )
    declare(channel, "e")
    publish(channel, "x", "a")
    return describe(*take(channel, "e"))


def cycle_of_expiry_ends(broker, channel):
    channel.exchange_declare("dlx", "fanout", auto_delete=True)
    arguments = {"x-dead-letter-exchange": "dlx", "x-message-ttl": 10}
    declare(channel, "a", arguments=arguments)
    declare(channel, "b", arguments=arguments)
    declare(channel, "out")
    channel.queue_bind("a", "dlx")
    channel.queue_bind("b", "dlx")
    channel.queue_bind("out", "dlx")
    publish(channel, "x", "a")
    found = [describe(message) for message in take(channel, "out", 2)]
    await_count(channel, 0, "a")
    await_count(channel, 0, "b")
    return found, channel.basic_get("out")


def back_into_the_same_queue_by_expiry(broker, channel):
    declare(channel, arguments={"x-dead-letter-exchange": "", "x-message-ttl": 10})
    publish(channel, "x")
    await_count(channel, 0)
    return "dropped"


def back_into_the_same_queue_by_rejection(broker, channel):
    declare(channel, arguments={"x-dead-letter-exchange": ""})
    publish(channel, "x")
    for _ in range(3):
        channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel))


def deaths_that_a_client_invented(broker, channel):
    declare_two(channel)
    publish(channel, "x", application_headers={"x-death": "never", "x-first-death-queue": "mine"})
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d"))


def deaths_that_a_client_sends_again(broker, channel):
    declare_two(channel)
    publish(channel, "x")
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    dead = take(channel, "d")[0]
    publish(channel, "again", application_headers=dead.properties["application_headers"])
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    return describe(*take(channel, "d"))


def to_a_consumer(broker, channel):
    declare_two(channel, x_max_length=1)
    received = []
    consume(channel, received, "d", no_ack=True)
    publish(channel, "a")
    publish(channel, "b")
    drain(channel, received, 1)
    return describe(received[0])


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
