# SPDX-License-Identifier: Apache-2.0
"""The firehose tells of messages what RabbitMQ's tells."""

import shutil

import amqp
import pytest

from tests import real_servers
from tests.broker_comparison import consume, declare, drain, nack, publish, scenarios, take

TO_D = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "d"}
OF_THE_MOMENT = ("node", "connection")
ONLY_OURS = {"minova_time"}


@pytest.fixture(scope="module", autouse=True)
def traced(brokers):
    if not shutil.which("rabbitmqctl"):
        pytest.skip("RabbitMQ's firehose is switched by rabbitmqctl")
    real_servers.rabbitmqctl("trace_on", "-p", brokers[1].vhost)


def published_and_delivered(broker, channel):
    channel.queue_bind("q", "amq.topic", "a.#")
    publish(channel, "x", "a.b", "amq.topic", delivery_mode=2, type="t", application_headers={"k": "v"})
    nack(channel, take(channel)[0].delivery_tag, requeue=True)
    take(channel)
    return 3


def sent_to_a_consumer(broker, channel):
    received = []
    consume(channel, received, no_ack=True)
    publish(channel, "x")
    drain(channel, received, 1)
    return 2


def sent_nowhere(broker, channel):
    publish(channel, "x", "nowhere")
    publish(channel, "x", "nowhere", "amq.topic")
    return 2


def sent_to_several(broker, channel):
    for name in "cab":
        declare(channel, name)
        channel.queue_bind(name, "amq.fanout")
    publish(channel, "x", "k", "amq.fanout")
    return 1


def copied(broker, channel):
    publish(channel, "x", "q", application_headers={"CC": ["d", "nowhere"], "BCC": ["blind"]})
    take(channel)
    take(channel, "d")
    return 3


def routed_by_an_alternate(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=True, arguments={"alternate-exchange": "amq.fanout"})
    channel.queue_bind("q", "amq.fanout")
    publish(channel, "x", "k", "x")
    take(channel)
    channel.exchange_delete("x")
    return 2


def dead_letters(broker, channel):
    publish(channel, "x")
    channel.basic_reject(take(channel)[0].delivery_tag, requeue=False)
    take(channel, "d")
    return 3


def in_a_transaction(broker, channel):
    channel.tx_select()
    publish_without_confirm(channel, "x")
    channel.tx_rollback()
    publish_without_confirm(channel, "y")
    channel.tx_commit()
    return 2


def direct_reply(broker, channel):
    replies = []
    consume(channel, replies, "amq.rabbitmq.reply-to", no_ack=True)
    publish(channel, "question", reply_to="amq.rabbitmq.reply-to")
    publish(channel, "answer", take(channel)[0].reply_to)
    drain(channel, replies, 1)
    return 3


def publish_without_confirm(channel, body):
    channel.basic_publish(amqp.Message(body), routing_key="q")


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_firehose_is_the_same(brokers, scenario):
    embedded, rabbitmq = (trace(broker, scenario) for broker in brokers)
    assert embedded == rabbitmq


def trace(broker, scenario):
    """Return what the firehose says while a scenario runs, which returns how many messages that are."""
    try:
        tracing = broker.connect().channel()
        told = []
        queue = tracing.queue_declare(exclusive=True).queue
        # The embedded broker tells of more, under keys of its own.
        for pattern in ("publish.#", "deliver.#"):
            tracing.queue_bind(queue, "amq.rabbitmq.trace", pattern)
        tracing.basic_consume(queue, no_ack=True, callback=told.append)
        channel = broker.connect().channel()
        declare(channel, "d")
        declare(channel, arguments=TO_D)
        drain(tracing, told, scenario(broker, channel))
        return sorted(map(describe, told), key=repr)
    finally:
        broker.close()


def describe(message):
    names = sorted(message.headers.keys() - ONLY_OURS)
    headers = {name: message.headers[name] for name in names if name not in OF_THE_MOMENT}
    key = message.delivery_info["routing_key"]
    return key, message.body, without_what_changes(headers), names


def without_what_changes(value):
    """Leave out the times of deaths and the names of direct repliers."""
    if isinstance(value, dict):
        return {name: without_what_changes(item) for name, item in value.items() if name != "time"}
    if isinstance(value, list):
        return [without_what_changes(item) for item in value]
    if isinstance(value, str) and value.startswith("amq.rabbitmq.reply-to."):
        return "amq.rabbitmq.reply-to.*"
    return value
