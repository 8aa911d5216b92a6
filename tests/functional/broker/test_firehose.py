# SPDX-License-Identifier: Apache-2.0
"""The firehose: what a tracer that is bound to amq.rabbitmq.trace sees."""

import json
import uuid

import amqp
import pytest

WAIT_SECONDS = 60


class Tracer:
    """A queue of its own on the firehose."""

    def __init__(self, connection, key="#"):
        self.connection = connection
        self.seen = []
        channel = connection.channel()
        queue = channel.queue_declare(exclusive=True).queue
        channel.queue_bind(queue, "amq.rabbitmq.trace", key)
        channel.basic_consume(queue, no_ack=True, callback=self.seen.append)

    def wait(self, count):
        while len(self.seen) < count:
            self.connection.drain_events(timeout=WAIT_SECONDS)
        return self.seen


@pytest.fixture
def clients(broker):
    with broker.connect() as tracing, broker.connect() as working:
        yield tracing, working.channel()


def test_publication_and_delivery_are_traced(clients):
    tracing, channel = clients
    tracer = Tracer(tracing)
    name = "q-" + uuid.uuid4().hex
    exchange = "x-" + uuid.uuid4().hex
    channel.exchange_declare(exchange, "topic")
    channel.queue_declare(name, exclusive=True)
    channel.queue_bind(name, exchange, "a.#")
    properties = {
        "content_type": "application/json",
        "delivery_mode": 2,
        "application_headers": {"key": [1, "two"]},
    }
    channel.basic_publish(amqp.Message(json.dumps({"a": 1}), **properties), exchange, "a.b")
    channel.basic_get(name, no_ack=True)

    published, delivered = tracer.wait(2)
    assert published.delivery_info["exchange"] == "amq.rabbitmq.trace"
    assert published.delivery_info["routing_key"] == f"publish.{exchange}"
    assert delivered.delivery_info["routing_key"] == f"deliver.{name}"
    assert json.loads(published.body) == json.loads(delivered.body) == {"a": 1}
    local = channel.connection.sock.getsockname()
    common = {
        "exchange_name": exchange,
        "routing_keys": ["a.b"],
        "properties": {
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "delivery_mode": 2,
            "headers": {"key": [1, "two"]},
        },
        "vhost": "/",
        "channel": channel.channel_id,
        "user": "guest",
    }
    for message in (published, delivered):
        assert {name: message.headers[name] for name in common} == common
        assert message.headers["node"].startswith("minova@")
        assert message.headers["connection"].startswith(f"{local[0]}:{local[1]} -> ")
    assert published.headers["routed_queues"] == [name]
    assert delivered.headers["redelivered"] == 0


def test_message_without_a_queue_is_traced(clients):
    tracing, channel = clients
    tracer = Tracer(tracing)
    channel.basic_publish(amqp.Message("lost"), "", "nowhere")
    published, noted = tracer.wait(2)
    assert published.delivery_info["routing_key"] == "publish."
    # The default exchange does not look whether there is a queue of that name; nor does RabbitMQ's.
    assert published.headers["routed_queues"] == ["nowhere"]
    assert published.headers["routing_keys"] == ["nowhere"]
    # It is told by itself, unlike on RabbitMQ.
    assert noted.delivery_info["routing_key"] == "minova.unrouted.nowhere"
    assert noted.body == published.body


def test_no_queue_is_missing_where_one_was_found_or_the_exchange_says_it(clients):
    tracing, channel = clients
    tracer = Tracer(tracing)
    name = channel.queue_declare(exclusive=True).queue
    channel.basic_publish(amqp.Message("found"), "", name)
    channel.basic_publish(amqp.Message("lost"), "amq.topic", "nowhere")
    channel.basic_publish(amqp.Message("last"), "", name)
    keys = [message.delivery_info["routing_key"] for message in tracer.wait(3)]
    assert keys == ["publish.", "publish.amq.topic", "publish."]


def test_redelivery_is_traced_as_such(clients):
    tracing, channel = clients
    tracer = Tracer(tracing, "deliver.#")
    name = channel.queue_declare(exclusive=True).queue
    channel.basic_publish(amqp.Message("again"), "", name)
    channel.basic_reject(channel.basic_get(name).delivery_tag, requeue=True)
    channel.basic_get(name, no_ack=True)
    assert [message.headers["redelivered"] for message in tracer.wait(2)] == [0, 1]


def test_what_the_tracer_itself_receives_is_not_traced(clients):
    tracing, channel = clients
    tracer = Tracer(tracing)
    for number in range(3):
        channel.basic_publish(amqp.Message(str(number)), "amq.topic", "nowhere")
    assert [message.body for message in tracer.wait(3)] == [b"0", b"1", b"2"]
    # Were the trace traced, its deliveries would stand between these.


def test_a_tracer_that_reads_late_gets_all_in_their_order(clients):
    tracing, channel = clients
    tracer = Tracer(tracing)
    numbers = [b"%04d" % number for number in range(600)]
    for number in numbers:
        channel.basic_publish(amqp.Message(number + bytes(40_000)), "amq.topic", "nowhere")
    # Far more than the sockets hold: the first copies go past the queue, the next wait in it.
    channel.queue_declare(exclusive=True)
    copies = tracer.wait(len(numbers))
    assert [copy.body[:4] for copy in copies] == numbers
    tags = [copy.delivery_tag for copy in copies]
    assert tags == list(range(1, len(numbers) + 1))


def test_binding_keys_choose_what_is_traced(clients):
    tracing, channel = clients
    tracer = Tracer(tracing, "publish.amq.topic")
    channel.basic_publish(amqp.Message("no"), "amq.direct", "a")
    channel.basic_publish(amqp.Message("yes"), "amq.topic", "a")
    assert [message.body for message in tracer.wait(1)] == [b"yes"]


def test_nobody_may_publish_to_the_firehose(clients):
    _, channel = clients
    channel.confirm_select()
    with pytest.raises(amqp.AccessRefused, match="cannot publish to internal exchange 'amq.rabbitmq.trace'"):
        channel.basic_publish_confirm(amqp.Message("fake"), "amq.rabbitmq.trace", "publish.x")
