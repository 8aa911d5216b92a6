# SPDX-License-Identifier: Apache-2.0
"""Transactions and direct replies: as on RabbitMQ."""

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
    scenarios,
    settle,
    take,
)

REPLIES = "amq.rabbitmq.reply-to"


def send(channel, body, key="q", exchange="", mandatory=False, **kwargs):
    channel.basic_publish(
        amqp.Message(body, **kwargs), exchange=exchange, routing_key=key, mandatory=mandatory
    )


def counted(channel):
    return channel.queue_declare("q", passive=True).message_count


# Transactions


def commit_without_select(broker, channel):
    channel.tx_commit()


def rollback_without_select(broker, channel):
    channel.tx_rollback()


def select_after_confirms(broker, channel):
    channel.confirm_select()
    channel.tx_select()


def confirms_after_select(broker, channel):
    channel.tx_select()
    channel.confirm_select()


def select_twice(broker, channel):
    channel.tx_select()
    send(channel, "x")
    channel.tx_select()
    channel.tx_commit()
    return "ok"


def committed_messages_come_at_once(broker, channel):
    declare(channel)
    channel.tx_select()
    send(channel, "a")
    send(channel, "b")
    before = counted(channel)
    channel.tx_commit()
    return before, counted(channel), bodies(take(channel, count=2))


def rolled_back_messages_never_come(broker, channel):
    declare(channel)
    channel.tx_select()
    send(channel, "a")
    channel.tx_rollback()
    send(channel, "b")
    channel.tx_commit()
    return bodies(take(channel)), channel.basic_get("q")


def acknowledgement_counts_when_committed(broker, channel):
    declare(channel)
    send(channel, "a")
    send(channel, "b")
    channel.tx_select()
    held = take(channel, count=2)
    channel.basic_ack(held[0].delivery_tag)
    channel.tx_commit()
    channel.basic_ack(held[1].delivery_tag)
    channel.close()
    other = broker.connect()
    return "closed", other.connected


def uncommitted_acknowledgement_is_forgotten_with_the_channel(broker, channel):
    declare(channel)
    send(channel, "a")
    other = channel.connection.channel()
    other.tx_select()
    other.basic_ack(take(other)[0].delivery_tag)
    other.close()
    message = take(channel)[0]
    return message.body, message.delivery_info["redelivered"]


def rolled_back_acknowledgement_can_be_given_again(broker, channel):
    declare(channel)
    send(channel, "a")
    send(channel, "b")
    channel.tx_select()
    held = take(channel, count=2)
    channel.basic_ack(held[1].delivery_tag)
    nack(channel, held[0].delivery_tag)
    channel.tx_rollback()
    channel.basic_ack(held[1].delivery_tag, multiple=True)
    channel.tx_commit()
    return counted(channel)


def acknowledgement_twice_in_a_transaction(broker, channel):
    declare(channel)
    send(channel, "a")
    channel.tx_select()
    tag = take(channel)[0].delivery_tag
    channel.basic_ack(tag)
    channel.basic_ack(tag)
    settle(channel)


def rejection_in_a_transaction(broker, channel):
    declare(channel)
    send(channel, "a")
    channel.tx_select()
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=True)
    before = counted(channel)
    channel.tx_commit()
    return before, bodies(take(channel))


def unroutable_message_returns_at_commit(broker, channel):
    events = []
    channel.events["basic_return"].add(lambda error, *args: events.append(error.reply_code))
    channel.tx_select()
    send(channel, "a", "nowhere", mandatory=True)
    settle(channel)
    before = list(events)
    channel.tx_commit()
    return before, events


def queue_gone_before_commit(broker, channel):
    events = []
    channel.events["basic_return"].add(lambda error, *args: events.append(error.reply_code))
    declare(channel)
    channel.tx_select()
    send(channel, "a", mandatory=True)
    channel.queue_delete("q")
    channel.tx_commit()
    return events


def publish_to_missing_exchange_in_a_transaction(broker, channel):
    channel.tx_select()
    send(channel, "a", exchange="nope")
    channel.tx_commit()


def full_queue_spoils_the_transaction(broker, channel):
    declare(channel, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.tx_select()
    send(channel, "a")
    send(channel, "b")
    channel.tx_commit()


# Direct replies


def call(broker, channel):
    declare(channel)
    replies = []
    consume(channel, replies, REPLIES, no_ack=True, consumer_tag="r")
    send(channel, "question", reply_to=REPLIES, correlation_id="1")
    server = channel.connection.channel()
    request = take(server)[0]
    assert request.reply_to.startswith(f"{REPLIES}.")
    asked = server.queue_declare(request.reply_to)
    send(server, "answer", request.reply_to, correlation_id=request.correlation_id)
    drain(channel, replies, 1)
    info = replies[0].delivery_info
    return (
        asked.message_count,
        asked.consumer_count,
        replies[0].body,
        replies[0].properties,
        info["consumer_tag"],
        info["exchange"],
        info["routing_key"] == request.reply_to,
        replies[0].delivery_tag,
    )


def reply_consumer_must_not_acknowledge(broker, channel):
    channel.basic_consume(REPLIES)


def second_reply_consumer(broker, channel):
    for _ in range(2):
        channel.basic_consume(REPLIES, no_ack=True)


def request_without_reply_consumer(broker, channel):
    send(channel, "x", reply_to=REPLIES)
    settle(channel)


def cancelled_reply_consumer_gets_nothing(broker, channel):
    declare(channel)
    replies = []
    consume(channel, replies, REPLIES, no_ack=True, consumer_tag="r")
    send(channel, "question", reply_to=REPLIES)
    request = take(channel)[0]
    channel.basic_cancel("r")
    send(channel, "answer", request.reply_to)
    settle(channel)
    return replies, channel.is_open


def mandatory_reply_is_returned(broker, channel):
    declare(channel)
    replies, returned = [], []
    consume(channel, replies, REPLIES, no_ack=True)
    channel.events["basic_return"].add(lambda error, *args: returned.append(error.reply_code))
    send(channel, "question", reply_to=REPLIES)
    send(channel, "answer", take(channel)[0].reply_to, mandatory=True)
    while not (replies and returned):
        channel.connection.drain_events(timeout=WAIT_SECONDS)
    return bodies(replies), returned


def reply_queue_is_asked_for(broker, channel):
    return channel.queue_declare(REPLIES, passive=True)


def unknown_reply_queue_is_asked_for(broker, channel):
    channel.queue_declare(f"{REPLIES}.unknown", passive=True)


def reply_queue_is_got_from(broker, channel):
    channel.basic_get(REPLIES)


def replies_end_with_the_channel(broker, channel):
    declare(channel)
    other = channel.connection.channel()
    other.basic_consume(REPLIES, no_ack=True)
    send(other, "question", reply_to=REPLIES)
    request = take(channel)[0]
    other.close()
    await_count(channel, 0)
    with pytest.raises(amqp.NotFound):
        channel.queue_declare(request.reply_to, passive=True)
    return "ended"


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
