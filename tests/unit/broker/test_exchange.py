# SPDX-License-Identifier: Apache-2.0

import pytest

from minova.broker import errors
from minova.broker.exchange import DirectExchange, FanoutExchange, TopicExchange
from minova.broker.routing import exchange_class


class Destination:
    """Stands for a queue; exchanges only ask for its identity."""


@pytest.mark.parametrize(
    ("binding_key", "routing_key", "matches"),
    [
        ("compute", "compute", True),
        ("compute", "compute.host1", False),
        ("compute.host1", "compute.host1", True),
        ("*", "compute", True),
        ("*", "compute.host1", False),
        ("*", "", True),
        ("*.host1", "compute.host1", True),
        ("compute.*", "compute", False),
        ("compute.*", "compute.", True),
        ("compute.*.a", "compute.b.a", True),
        ("#", "", True),
        ("#", "a.b.c", True),
        ("publish.#", "publish", True),
        ("publish.#", "publish.a.b", True),
        ("publish.#", "deliver.a", False),
        ("#.c", "c", True),
        ("#.c", "a.b.c", True),
        ("#.c", "a.b.c.d", False),
        ("a.#.d", "a.d", True),
        ("a.#.d", "a.b.c.d", True),
        ("a.#.d", "a.b.c", False),
        ("#.*", "", True),
        ("#.a.#", "b.a.c", True),
        ("#.#", "", True),
        ("*.#.*", "a", False),
        ("*.#.*", "a.b", True),
    ],
)
def test_topic_matches_words(binding_key, routing_key, matches):
    exchange, queue = TopicExchange("x", "/"), Destination()
    exchange.bind(queue, binding_key)
    assert exchange.route(routing_key) == ((queue,) if matches else ())


def test_topic_of_many_wildcards_is_matched_at_once():
    exchange = TopicExchange("x", "/")
    exchange.bind(Destination(), ".".join(["#", "a"] * 50))
    assert exchange.route(".".join(["a"] * 49 + ["b"])) == ()


def test_topic_sees_bindings_that_come_and_go():
    exchange, first, second = TopicExchange("x", "/"), Destination(), Destination()
    exchange.bind(first, "a.*")
    assert exchange.route("a.b") == (first,)
    exchange.bind(second, "a.b")
    assert set(exchange.route("a.b")) == {first, second}
    exchange.unbind(first, "a.*")
    assert exchange.route("a.b") == (second,)


def test_direct_goes_by_equal_key():
    exchange, queue = DirectExchange("x", "/"), Destination()
    exchange.bind(queue, "a.*")
    assert exchange.route("a.*") == (queue,)
    assert exchange.route("a.b") == ()


def test_fanout_goes_everywhere():
    exchange, queues = FanoutExchange("x", "/"), [Destination(), Destination()]
    for queue in queues:
        exchange.bind(queue, "whatever")
    assert exchange.route("anything") == tuple(queues)


@pytest.mark.parametrize("kind", [DirectExchange, FanoutExchange, TopicExchange])
def test_a_queue_bound_twice_gets_a_message_once(kind):
    exchange, queue = kind("x", "/"), Destination()
    exchange.bind(queue, "a")
    exchange.bind(queue, "a", {"other": "arguments"})
    assert exchange.route("a") == (queue,)
    assert exchange.unbind(queue, "a")
    assert exchange.route("a") == (queue,)
    assert exchange.unbind(queue, "a", {"other": "arguments"})
    assert exchange.route("a") == ()


def test_unbinding_what_is_not_bound_changes_nothing():
    exchange, queue = DirectExchange("x", "/"), Destination()
    exchange.bind(queue, "a")
    assert not exchange.unbind(queue, "b")
    assert not exchange.unbind(Destination(), "a")
    assert exchange.route("a") == (queue,)


def test_unbind_all_takes_every_binding_of_one_destination():
    exchange, gone, kept = TopicExchange("x", "/"), Destination(), Destination()
    for key in ("a", "b.#"):
        exchange.bind(gone, key)
        exchange.bind(kept, key)
    assert exchange.unbind_all(gone)
    assert exchange.route("a") == exchange.route("b.c") == (kept,)
    assert not exchange.unbind_all(gone)
    assert exchange.destinations == (kept,)


def test_unknown_type_ends_the_connection():
    with pytest.raises(errors.ConnectionException) as caught:
        exchange_class("x-unknown")
    assert caught.value.reply_text == "COMMAND_INVALID - unknown exchange type 'x-unknown'"
