# SPDX-License-Identifier: Apache-2.0
"""Arguments of queues, exchanges, consumers and bindings: refused and compared as RabbitMQ does."""

import amqp
import pytest

from tests.broker_comparison import assert_same_outcome, declare, scenarios

QUEUE_ARGUMENTS = [
    {"x-max-length": "a"},
    {"x-max-length": -1},
    {"x-max-length": 0},
    {"x-max-length-bytes": -1},
    {"x-max-priority": 256},
    {"x-max-priority": -1},
    {"x-max-priority": 0},
    {"x-max-priority": 2.0},
    {"x-overflow": "a"},
    {"x-overflow": 1},
    {"x-queue-mode": "a"},
    {"x-queue-mode": 1},
    {"x-queue-version": 3},
    {"x-single-active-consumer": 1},
    {"x-dead-letter-exchange": 1},
    {"x-dead-letter-routing-key": "a"},
    {"x-dead-letter-routing-key": 1},
    {"x-dead-letter-routing-key": 1, "x-dead-letter-exchange": "a"},
    {"x-max-age": "1D"},
    {"x-delivery-limit": 1},
    {"x-dead-letter-strategy": "a"},
    {"x-expires": 0},
    {"x-expires": -1},
    {"x-expires": 2**33},
    {"x-expires": None},
    {"x-expires": True},
    {"x-message-ttl": 315_360_000_001},
    {"x-message-ttl": 1.5},
    {"x-queue-master-locator": "a"},
    {"x-queue-type": "foo"},
    {"x-queue-type": 5},
]
DECLARED_AGAIN = [
    ({"x-max-length": 1}, {"x-max-length": 2}),
    ({"x-max-length": 1}, {}),
    ({}, {"x-max-priority": 2}),
    ({"x-single-active-consumer": True}, {"x-single-active-consumer": False}),
    ({"x-single-active-consumer": True}, {}),
    ({"x-dead-letter-exchange": "a"}, {"x-dead-letter-exchange": "b"}),
    ({"x-dead-letter-exchange": "a"}, {}),
    ({"x-overflow": "drop-head"}, {}),
    ({"x-queue-mode": "lazy"}, {}),
    ({"x-queue-type": "classic"}, {}),
    ({}, {"x-queue-type": "classic"}),
    ({"x-message-ttl": 5}, {"x-message-ttl": 2**33}),
    ({"x-queue-master-locator": "a"}, {}),
]
CONSUMER_ARGUMENTS = [
    {"x-priority": "a"},
    {"x-priority": True},
    {"x-priority": -5},
    {"x-stream-offset": 1},
    {"x-cancel-on-ha-failover": 1},
    {"x-cancel-on-ha-failover": False},
    {"x-mine": "a"},
]


@pytest.mark.parametrize("arguments", QUEUE_ARGUMENTS, ids=str)
def test_queue_arguments(brokers, arguments):
    def scenario(broker, channel):
        return declare(channel, arguments=arguments)

    assert_same_outcome(brokers, scenario)


@pytest.mark.parametrize(("first", "second"), DECLARED_AGAIN, ids=str)
def test_queue_declared_again(brokers, first, second):
    def scenario(broker, channel):
        declare(channel, arguments=first)
        return declare(channel, arguments=second)

    assert_same_outcome(brokers, scenario)


@pytest.mark.parametrize("arguments", CONSUMER_ARGUMENTS, ids=str)
def test_consumer_arguments(brokers, arguments):
    def scenario(broker, channel):
        declare(channel)
        return channel.basic_consume("q", consumer_tag="a", arguments=arguments)

    assert_same_outcome(brokers, scenario)


def exclusive_consumer_beside_single_active(broker, channel):
    declare(channel, arguments={"x-single-active-consumer": True})
    channel.basic_consume("q", exclusive=True)


def headers_binding_of_unknown_kind(broker, channel):
    declare(channel)
    channel.queue_bind("q", "amq.headers", "", arguments={"x-match": "some"})


def headers_binding_of_wrong_type(broker, channel):
    declare(channel)
    channel.queue_bind("q", "amq.match", "", arguments={"x-match": 1})


def alternate_exchange_of_wrong_type(broker, channel):
    channel.exchange_declare("x", "direct", arguments={"alternate-exchange": 1})


def alternate_exchange_changed(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "a"})
    try:
        channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "b"})
    finally:
        broker.connect().channel().exchange_delete("x")


def alternate_exchange_left_out(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "a"})
    try:
        channel.exchange_declare("x", "direct", auto_delete=False)
    finally:
        broker.connect().channel().exchange_delete("x")


def other_exchange_arguments_do_not_count(broker, channel):
    channel.exchange_declare("x", "direct", arguments={"x-mine": "a"})
    channel.exchange_declare("x", "direct", arguments={"x-mine": "b"})
    channel.exchange_delete("x")
    return "ok"


def internal_exchange_declared_again(broker, channel):
    flags = (False, False, True, True, False)  # the fourth: internal; py-amqp has no argument for it
    channel.send_method((40, 10), "BssbbbbbF", (0, "x", "direct", *flags, {}), wait=(40, 11))
    channel.exchange_declare("x", "direct", auto_delete=True)


def line_ends_are_taken_out_of_names(broker, channel):
    names = [declare(channel, "a\r\nb").queue]
    channel.queue_delete("a\nb")
    channel.exchange_declare("x\n", "direct", auto_delete=False)
    channel.exchange_delete("x")
    with pytest.raises(amqp.NotFound):
        channel.queue_declare("ab", passive=True)
    return names


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
