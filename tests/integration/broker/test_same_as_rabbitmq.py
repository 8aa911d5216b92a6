# SPDX-License-Identifier: Apache-2.0
"""The embedded broker answers as RabbitMQ does: refusals, acknowledgements, what every client uses."""

import time

import amqp
import pytest

from tests.broker_comparison import (
    WAIT_SECONDS,
    Broker,
    assert_same_outcome,
    declare,
    drain,
    publish,
    scenarios,
    settle,
)

# Not found, refused, locked


def passive_queue(broker, channel):
    channel.queue_declare("nope", passive=True)


def passive_exchange(broker, channel):
    channel.exchange_declare("nope", "direct", passive=True)


def bind_missing_queue(broker, channel):
    channel.queue_bind("nope", "amq.direct", "k")


def bind_missing_exchange(broker, channel):
    declare(channel)
    channel.queue_bind("q", "nope", "k")


def unbind_what_is_not_there(broker, channel):
    declare(channel)
    channel.queue_unbind("q", "nope", "k")
    channel.queue_unbind("q", "amq.direct", "k")
    channel.queue_unbind("nope", "amq.direct", "k")
    return "ok"


def bind_default_exchange(broker, channel):
    declare(channel)
    channel.queue_bind("q", "", "k")


def locked_queue(broker, channel):
    declare(broker.connect().channel())
    declare(channel)


def consume_locked_queue(broker, channel):
    declare(broker.connect().channel())
    channel.basic_consume("q")


def get_locked_queue(broker, channel):
    declare(broker.connect().channel())
    channel.basic_get("q")


def reserved_queue(broker, channel):
    channel.queue_declare("amq.mine")


def reserved_exchange(broker, channel):
    channel.exchange_declare("amq.mine", "direct")


def declare_default_exchange(broker, channel):
    channel.exchange_declare("", "direct")


def delete_default_exchange(broker, channel):
    channel.exchange_delete("")


def delete_system_exchange(broker, channel):
    channel.exchange_delete("amq.direct")


def delete_what_is_not_there(broker, channel):
    channel.exchange_delete("nope")
    return channel.queue_delete("nope")


def purge_missing_queue(broker, channel):
    channel.queue_purge("nope")


def consume_missing_queue(broker, channel):
    channel.basic_consume("nope")


def get_missing_queue(broker, channel):
    channel.basic_get("nope")


def no_queue_declared_before(broker, channel):
    channel.basic_consume("")


def unknown_exchange_type(broker, channel):
    channel.exchange_declare("x", "nonsense")


# Declared again and different


def other_auto_delete(broker, channel):
    declare(channel)
    declare(channel, auto_delete=True)


def other_durable(broker, channel):
    declare(channel, "durable", exclusive=False)
    try:
        declare(channel, "durable", exclusive=False, durable=True)
    finally:
        broker.connect().channel().queue_delete("durable")


def exclusive_ignores_durable(broker, channel):
    declare(channel)
    return declare(channel, durable=True)


def no_longer_exclusive(broker, channel):
    declare(channel)
    declare(channel, exclusive=False)


def argument_added(broker, channel):
    declare(channel)
    declare(channel, arguments={"x-expires": 1000})


def argument_changed(broker, channel):
    declare(channel, arguments={"x-expires": 60000})
    declare(channel, arguments={"x-expires": 1000})


def argument_left_out(broker, channel):
    declare(channel, arguments={"x-message-ttl": 60000})
    declare(channel)


def unknown_argument_is_let_pass(broker, channel):
    declare(channel, arguments={"x-mine": 1})
    return declare(channel, arguments={"x-mine": 2})


def other_exchange_type(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False)
    try:
        channel.exchange_declare("x", "fanout", auto_delete=False)
    finally:
        broker.connect().channel().exchange_delete("x")


def other_exchange_durability(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False)
    try:
        channel.exchange_declare("x", "direct", durable=True, auto_delete=False)
    finally:
        broker.connect().channel().exchange_delete("x")


# In use


def delete_exchange_in_use(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=True)
    declare(channel)
    channel.queue_bind("q", "x", "k")
    channel.exchange_delete("x", if_unused=True)


def delete_queue_in_use(broker, channel):
    declare(channel)
    channel.basic_consume("q")
    channel.queue_delete("q", if_unused=True)


def delete_queue_not_empty(broker, channel):
    declare(channel)
    publish(channel, "x")
    channel.queue_delete("q", if_empty=True)


def second_consumer_beside_exclusive(broker, channel):
    declare(channel)
    channel.basic_consume("q", exclusive=True)
    channel.basic_consume("q")


def exclusive_consumer_as_second(broker, channel):
    declare(channel)
    channel.basic_consume("q")
    channel.basic_consume("q", exclusive=True)


def consumer_tag_used_twice(broker, channel):
    declare(channel)
    channel.basic_consume("q", consumer_tag="a")
    channel.basic_consume("q", consumer_tag="a")


# Acknowledgements, publications, limits


def ack_of_unknown_tag(broker, channel):
    channel.basic_ack(7)
    settle(channel)


def ack_of_unknown_tag_multiple(broker, channel):
    channel.basic_ack(7, multiple=True)
    settle(channel)


def ack_twice(broker, channel):
    declare(channel)
    publish(channel, "x")
    tag = channel.basic_get("q").delivery_tag
    channel.basic_ack(tag)
    channel.basic_ack(tag)
    settle(channel)


def ack_of_all_with_nothing_delivered(broker, channel):
    channel.basic_ack(0, multiple=True)
    settle(channel)
    return "ok"


def reject_of_unknown_tag(broker, channel):
    channel.basic_reject(7, True)
    settle(channel)


def publish_to_missing_exchange(broker, channel):
    publish(channel, "x", exchange="nope")
    settle(channel)


def publish_to_internal_exchange(broker, channel):
    publish(channel, "x", exchange="amq.rabbitmq.trace")
    settle(channel)


def publish_immediate(broker, channel):
    channel.basic_publish(amqp.Message("x"), routing_key="q", immediate=True)
    settle(channel)


def expiration_not_a_number(broker, channel):
    publish(channel, "x", expiration="abc")
    settle(channel)


def expiration_negative(broker, channel):
    publish(channel, "x", expiration="-1")
    settle(channel)


def expiration_not_whole(broker, channel):
    publish(channel, "x", expiration="1.5")
    settle(channel)


def another_users_id(broker, channel):
    publish(channel, "x", user_id="bob")
    settle(channel)


def prefetch_size(broker, channel):
    channel.basic_qos(10, 1, False)


def flow_off(broker, channel):
    channel.flow(False)


def unknown_vhost(broker, channel):
    Broker(broker.port, "nope").connect()


def wrong_password(broker, channel):
    broker.connect(password="wrong")


def wrong_password_plain(broker, channel):
    broker.connect(password="wrong", login_method="PLAIN")


# What happens to messages


def unroutable_mandatory_message_returns_before_its_confirm(broker, channel):
    events = []
    channel.confirm_select()
    channel.events["basic_return"].add(
        lambda error, exchange, key, message: events.append(
            (error.reply_code, str(error), exchange, key, message.body)
        )
    )
    channel.events["basic_ack"].add(lambda tag, multiple: events.append(("ack", tag, multiple)))
    channel.basic_publish(amqp.Message("x"), exchange="amq.topic", routing_key="nowhere", mandatory=True)
    drain(channel, events, 2)
    return events


def messages_are_requeued_in_place(broker, channel):
    declare(channel)
    for body in "abcd":
        publish(channel, body)
    got = [channel.basic_get("q") for _ in range(3)]
    channel.basic_reject(got[1].delivery_tag, requeue=True)
    channel.basic_reject(got[0].delivery_tag, requeue=True)
    again = [channel.basic_get("q") for _ in range(3)]
    return [(message.body, message.delivery_info["redelivered"]) for message in again]


def closing_a_channel_requeues(broker, channel):
    declare(channel)
    publish(channel, "a")
    other = channel.connection.channel()
    assert other.basic_get("q").body == "a"
    other.close()
    message = channel.basic_get("q")
    return message.body, message.delivery_info


def recover_requeues(broker, channel):
    declare(channel)
    publish(channel, "a")
    channel.basic_get("q")
    channel.basic_recover(requeue=True)
    message = channel.basic_get("q")
    return message.body, message.delivery_info["redelivered"]


def prefetch_is_per_consumer(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 2, False)
    for tag in "ab":
        channel.basic_consume("q", consumer_tag=tag, callback=received.append)
    for body in "123456":
        publish(channel, body)
    drain(channel, received, 4)
    assert channel.queue_declare("q", passive=True).message_count == 2
    channel.basic_ack(received[0].delivery_tag)
    drain(channel, received, 5)
    return [(message.delivery_info["consumer_tag"], message.body) for message in received]


def prefetch_of_the_channel(broker, channel):
    declare(channel)
    received = []
    channel.basic_qos(0, 3, True)
    for tag in "ab":
        channel.basic_consume("q", consumer_tag=tag, callback=received.append)
    for body in "123456":
        publish(channel, body)
    drain(channel, received, 3)
    waiting = channel.queue_declare("q", passive=True).message_count
    channel.basic_ack(received[2].delivery_tag, multiple=True)
    drain(channel, received, 6)
    return waiting, [message.body for message in received]


def consumer_is_told_when_its_queue_goes(broker, channel):
    declare(channel, "shared", exclusive=False)
    cancelled = []
    channel.basic_consume("shared", consumer_tag="mine", on_cancel=cancelled.append)
    broker.connect().channel().queue_delete("shared")
    drain(channel, cancelled, 1)
    return cancelled


def message_expires_while_it_waits(broker, channel):
    declare(channel)
    publish(channel, "short", expiration="50")
    publish(channel, "long")
    deadline = time.monotonic() + WAIT_SECONDS
    while channel.queue_declare("q", passive=True).message_count > 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return channel.basic_get("q").body


def exchanges_bound_to_exchanges(broker, channel):
    declare(channel)
    channel.exchange_declare("outer", "topic", auto_delete=True)
    channel.exchange_declare("inner", "fanout", auto_delete=True)
    channel.exchange_bind("inner", "outer", "a.#")
    channel.exchange_bind("outer", "inner", "")  # a circle
    channel.queue_bind("q", "inner", "")
    publish(channel, "hit", "a.b", "outer")
    publish(channel, "miss", "b", "outer")
    settle(channel)
    bodies = [channel.basic_get("q").body, channel.basic_get("q")]
    channel.exchange_delete("inner")
    return bodies


def exchange_goes_with_its_last_binding(broker, channel):
    declare(channel)
    channel.exchange_declare("x", "fanout", auto_delete=True)
    channel.queue_bind("q", "x", "")
    channel.queue_delete("q")
    channel.exchange_declare("x", "fanout", passive=True)


def queue_goes_with_its_last_consumer(broker, channel):
    declare(channel, exclusive=False, auto_delete=True)
    channel.basic_consume("q", consumer_tag="a")
    channel.basic_cancel("a")
    channel.queue_declare("q", passive=True)


def delete_and_purge_count_messages(broker, channel):
    declare(channel)
    for body in "abc":
        publish(channel, body)
    counts = [channel.queue_purge("q")]
    publish(channel, "d")
    return [*counts, channel.queue_delete("q")]


def large_message_in_many_frames(broker, channel):
    declare(channel)
    body = bytes(range(256)) * 4000
    publish(channel, body)
    message = channel.basic_get("q")
    return message.body == body, message.delivery_info


def properties_come_through(broker, channel):
    declare(channel)
    properties = {
        "content_type": "a/b",
        "application_headers": {"i": 1, "t": {"n": None, "l": [True, 1.5, "s"]}},
        "delivery_mode": 2,
        "priority": 3,
        "correlation_id": "c",
        "reply_to": "r",
        "expiration": "60000",
        "message_id": "m",
        "timestamp": 1700000000,
        "type": "t",
        "user_id": "guest",
        "app_id": "app",
    }
    publish(channel, b"x", **properties)
    return channel.basic_get("q").properties


def names_in_any_characters(broker, channel):
    return declare(channel, "größe! " + "x" * 200).queue


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
