# SPDX-License-Identifier: Apache-2.0
"""Exchanges of all types, bound to each other, with alternates and copies: as on RabbitMQ."""

import amqp
import pytest

from tests.broker_comparison import (
    assert_same_outcome,
    bodies,
    declare,
    publish,
    scenarios,
    settle,
    take,
)

# (arguments of the binding, headers of the message)
HEADERS = [
    ({}, {}),
    ({}, {"a": 1}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": 1}, {"b": 2}),
    ({"a": 1, "b": 2}, {"a": 1}),
    ({"a": 1}, {"a": 1.0}),
    ({"a": 1}, {"a": "1"}),
    ({"a": 1}, {"a": True}),
    ({"a": True}, {"a": True}),
    ({"a": None}, {"a": "anything"}),
    ({"a": None}, {}),
    ({"a": "x"}, {"a": None}),
    ({"a": [1, 2]}, {"a": [1, 2]}),
    ({"a": 2**40}, {"a": 2**40}),
    ({"x-match": "any", "a": 1, "b": 2}, {"b": 2}),
    ({"x-match": "any", "a": 1, "b": 2}, {"b": 3}),
    ({"x-match": "any"}, {"a": 1}),
    ({"x-match": "all", "x-a": 1}, {}),
    ({"x-match": "any", "x-a": 1}, {"x-a": 1}),
    ({"x-match": "all-with-x", "x-a": 1}, {}),
    ({"x-match": "all-with-x", "x-a": 1}, {"x-a": 1}),
    ({"x-match": "any-with-x", "x-a": 1, "b": 1}, {"x-a": 1}),
    ({"x-match": "any-with-x", "x-a": 1, "b": 1}, {"x-a": 2}),
    ({"x-match": "all-with-x", "x-match-not": 1}, {"x-match-not": 1}),
]


@pytest.mark.parametrize(("arguments", "headers"), HEADERS, ids=str)
def test_headers_exchange(brokers, arguments, headers):
    def scenario(broker, channel):
        declare(channel)
        channel.queue_bind("q", "amq.headers", "ignored", arguments=arguments)
        publish(channel, "x", "other", "amq.headers", application_headers=headers)
        return getattr(channel.basic_get("q"), "body", None)

    assert_same_outcome(brokers, scenario)


def headers_exchange_and_a_message_without_headers(broker, channel):
    declare(channel)
    channel.queue_bind("q", "amq.match", "", arguments={"x-match": "any", "a": 1})
    publish(channel, "x", exchange="amq.match")
    channel.queue_bind("q", "amq.match", "", arguments={})
    publish(channel, "y", exchange="amq.match")
    return bodies(take(channel)), channel.basic_get("q")


def headers_binding_is_taken_away(broker, channel):
    declare(channel)
    channel.queue_bind("q", "amq.headers", "", arguments={"a": 1})
    channel.queue_bind("q", "amq.headers", "", arguments={"b": 1})
    channel.queue_unbind("q", "amq.headers", "", arguments={"a": 1})
    publish(channel, "a", exchange="amq.headers", application_headers={"a": 1})
    publish(channel, "b", exchange="amq.headers", application_headers={"b": 1})
    return bodies(take(channel)), channel.basic_get("q")


def alternate_takes_what_goes_nowhere(broker, channel):
    channel.exchange_declare("ae", "fanout", auto_delete=False)
    channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "ae"})
    try:
        declare(channel)
        declare(channel, "rest")
        channel.queue_bind("q", "x", "k")
        channel.queue_bind("rest", "ae")
        publish(channel, "a", "k", "x")
        publish(channel, "b", "other", "x", mandatory=True)
        message = take(channel, "rest")[0]
        return bodies(take(channel)), message.body, message.delivery_info, channel.basic_get("q")
    finally:
        channel.exchange_delete("x")
        channel.exchange_delete("ae")


def alternate_that_does_not_exist(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "nope"})
    returned = []
    channel.events["basic_return"].add(lambda error, *args: returned.append(error.reply_code))
    try:
        publish(channel, "a", "k", "x", mandatory=True)
        return returned
    finally:
        channel.exchange_delete("x")


def alternates_in_a_circle(broker, channel):
    channel.exchange_declare("x", "direct", auto_delete=False, arguments={"alternate-exchange": "y"})
    channel.exchange_declare("y", "direct", auto_delete=False, arguments={"alternate-exchange": "x"})
    try:
        publish(channel, "a", "k", "x")
        return "confirmed"
    finally:
        channel.exchange_delete("x")
        channel.exchange_delete("y")


def alternate_of_an_exchange_behind_another(broker, channel):
    channel.exchange_declare("ae", "fanout", auto_delete=False)
    channel.exchange_declare("outer", "fanout", auto_delete=False)
    channel.exchange_declare("inner", "direct", auto_delete=False, arguments={"alternate-exchange": "ae"})
    try:
        declare(channel)
        channel.exchange_bind("inner", "outer", "")
        channel.queue_bind("q", "ae")
        publish(channel, "a", "k", "outer")
        return bodies(take(channel))
    finally:
        for name in ("outer", "inner", "ae"):
            channel.exchange_delete(name)


def copies(broker, channel):
    for name in "abc":
        declare(channel, name)
    publish(channel, "x", "a", application_headers={"CC": ["b", "a", "nowhere"], "BCC": ["c"], "k": 1})
    return [
        (message.delivery_info, message.properties) for name in "abc" for message in take(channel, name)
    ], channel.basic_get("a")


def copies_through_a_topic_exchange(broker, channel):
    declare(channel, "a")
    declare(channel, "b")
    channel.queue_bind("a", "amq.topic", "a.*")
    channel.queue_bind("b", "amq.topic", "b.*")
    publish(channel, "x", "a.1", "amq.topic", application_headers={"CC": ["b.1", "a.2"]})
    return [bodies(take(channel, name)) for name in "ab"], channel.basic_get("a"), channel.basic_get("b")


def copies_through_a_fanout_exchange(broker, channel):
    declare(channel)
    channel.queue_bind("q", "amq.fanout")
    publish(channel, "x", "a", "amq.fanout", application_headers={"CC": ["b"]})
    return bodies(take(channel)), channel.basic_get("q")


def copies_in_the_wrong_form(broker, channel):
    publish(channel, "x", application_headers={"CC": "a"})


def blind_copies_in_the_wrong_form(broker, channel):
    publish(channel, "x", application_headers={"BCC": 1})


def copies_that_are_no_text(broker, channel):
    declare(channel)
    publish(channel, "x", application_headers={"CC": [1, None]})
    return bodies(take(channel))


def unknown_delivery_mode(broker, channel):
    publish(channel, "x", delivery_mode=3)


def expiration_too_long(broker, channel):
    publish(channel, "x", expiration="315360000001")


def exchange_unbound_from_another(broker, channel):
    declare(channel)
    channel.exchange_declare("inner", "fanout", auto_delete=False)
    try:
        channel.queue_bind("q", "inner")
        channel.exchange_bind("inner", "amq.direct", "k")
        publish(channel, "a", "k", "amq.direct")
        channel.exchange_unbind("inner", "amq.direct", "k")
        channel.exchange_unbind("inner", "amq.direct", "k")
        publish(channel, "b", "k", "amq.direct")
        return bodies(take(channel)), channel.basic_get("q")
    finally:
        channel.exchange_delete("inner")


def exchange_bound_to_what_is_not_there(broker, channel):
    channel.exchange_bind("nope", "amq.direct", "k")


def exchange_bound_to_the_default_exchange(broker, channel):
    channel.exchange_bind("amq.direct", "", "k")


def exchange_with_bindings_of_exchanges_goes_with_the_last(broker, channel):
    channel.exchange_declare("outer", "fanout", auto_delete=True)
    channel.exchange_declare("inner", "fanout", auto_delete=False)
    channel.exchange_bind("inner", "outer", "")
    channel.exchange_delete("inner")
    with pytest.raises(amqp.NotFound):
        channel.exchange_declare("outer", "fanout", passive=True)
    return "gone"


def exchange_never_bound_stays(broker, channel):
    channel.exchange_declare("x", "fanout", auto_delete=True)
    settle(channel)
    channel.exchange_declare("x", "fanout", passive=True)
    return channel.exchange_delete("x", if_unused=True)


def internal_exchange_takes_from_exchanges_alone(broker, channel):
    flags = (False, False, False, True, False)  # the fourth: internal; py-amqp has no argument for it
    channel.send_method((40, 10), "BssbbbbbF", (0, "inner", "fanout", *flags, {}), wait=(40, 11))
    try:
        declare(channel)
        channel.exchange_bind("inner", "amq.direct", "k")
        channel.queue_bind("q", "inner")
        publish(channel, "x", "k", "amq.direct")
        assert bodies(take(channel)) == ["x"]
        publish(channel, "x", "k", "inner")
    finally:
        broker.connect().channel().exchange_delete("inner")


@pytest.mark.parametrize("scenario", scenarios(globals()))
def test_outcome_is_the_same(brokers, scenario):
    assert_same_outcome(brokers, scenario)
