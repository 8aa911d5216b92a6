# SPDX-License-Identifier: Apache-2.0

import types

import pytest

from minova.broker import errors
from minova.broker.message import Message


def connection():
    return types.SimpleNamespace(owned_queues=set(), name="client", user="guest")


def declare(vhost, name, owner=None, **kwargs):
    properties = {"durable": False, "exclusive": owner is not None, "auto_delete": False, "arguments": {}}
    return vhost.declare_queue(name, owner or connection(), **(properties | kwargs))


def publish(vhost, exchange, key):
    return vhost.publish(Message(exchange, key, b"", b"", b""), vhost.find_exchange(exchange), None)


def test_every_queue_is_reached_by_its_name(in_loop):
    def steps(vhost):
        queue = declare(vhost, "q")
        assert publish(vhost, "", "q")
        assert not publish(vhost, "", "other")
        assert len(queue) == 1

    in_loop(steps)


def test_unnamed_queue_gets_a_name_of_its_own(in_loop):
    def steps(vhost):
        names = {declare(vhost, "").name for _ in range(2)}
        assert len(names) == 2
        assert all(name.startswith("amq.gen-") for name in names)

    in_loop(steps)


def test_exchange_to_exchange_in_a_circle_delivers_once(in_loop):
    def steps(vhost):
        queue = declare(vhost, "q")
        for name in "ab":
            vhost.declare_exchange(name, "fanout", durable=False, auto_delete=False, internal=False)
        vhost.bind("a", vhost.find_exchange("b"), "", {})
        vhost.bind("b", vhost.find_exchange("a"), "", {})
        vhost.bind("a", queue, "", {})
        vhost.bind("b", queue, "", {})
        publish(vhost, "a", "")
        assert len(queue) == 1

    in_loop(steps)


def test_deleted_queue_takes_auto_delete_exchanges_along(in_loop):
    def steps(vhost):
        queue = declare(vhost, "q")
        for name in ("outer", "inner"):
            vhost.declare_exchange(name, "fanout", durable=False, auto_delete=True, internal=False)
        vhost.bind("outer", vhost.find_exchange("inner"), "", {})
        vhost.bind("inner", queue, "", {})
        vhost.delete_queue(queue)
        assert not {"outer", "inner"} & set(vhost.exchanges)

    in_loop(steps)


def test_exclusive_queue_is_its_connections_alone(in_loop):
    def steps(vhost):
        owner = connection()
        queue = declare(vhost, "q", owner)
        assert vhost.find_queue("q", owner) is queue
        assert owner.owned_queues == {queue}
        with pytest.raises(errors.ChannelException) as caught:
            vhost.find_queue("q", connection())
        assert caught.value.code == 405
        vhost.delete_queue(queue)
        assert owner.owned_queues == set()

    in_loop(steps)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"durable": True},
            "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'",
        ),
        (
            {"auto_delete": True},
            "inequivalent arg 'auto_delete' for queue 'q' in vhost '/': received 'true' but current is 'false'",
        ),
        (
            {"arguments": {"x-expires": 5}},
            "inequivalent arg 'x-expires' for queue 'q' in vhost '/': "
            "received the value '5' of type 'signedint' but current is none",
        ),
    ],
)
def test_queue_declared_otherwise_is_refused(in_loop, change, text):
    def steps(vhost):
        declare(vhost, "q")
        with pytest.raises(errors.ChannelException) as caught:
            declare(vhost, "q", **change)
        assert caught.value.reply_text == f"PRECONDITION_FAILED - {text}"

    in_loop(steps)


def test_exchange_declared_otherwise_is_refused(in_loop):
    def steps(vhost):
        properties = {"durable": False, "auto_delete": False, "internal": False}
        vhost.declare_exchange("x", "topic", **properties)
        vhost.declare_exchange("x", "topic", **properties)
        with pytest.raises(errors.ChannelException) as caught:
            vhost.declare_exchange("x", "fanout", **properties)
        assert caught.value.code == 406

    in_loop(steps)


@pytest.mark.parametrize("name", ["", "amq.mine"])
def test_reserved_exchanges_are_refused(in_loop, name):
    def steps(vhost):
        with pytest.raises(errors.ChannelException) as caught:
            vhost.declare_exchange(name, "topic", durable=False, auto_delete=False, internal=False)
        assert caught.value.code == 403

    in_loop(steps)


def test_firehose_is_on_while_something_is_bound_to_it(in_loop):
    def steps(vhost):
        assert not vhost.firehose.is_on
        queue = declare(vhost, "tracer")
        vhost.bind("amq.rabbitmq.trace", queue, "#", {})
        assert vhost.firehose.is_on
        vhost.delete_queue(queue)
        assert not vhost.firehose.is_on

    in_loop(steps)


def declare_exchange(vhost, name, type_name="direct", alternate=None):
    arguments = {} if alternate is None else {"alternate-exchange": alternate}
    vhost.declare_exchange(
        name, type_name, durable=False, auto_delete=False, internal=False, arguments=arguments
    )


def test_alternate_gets_what_goes_nowhere(in_loop):
    def steps(vhost):
        declare_exchange(vhost, "x", alternate="ae")
        declare_exchange(vhost, "ae", "fanout")
        queue, rest = declare(vhost, "q"), declare(vhost, "rest")
        vhost.bind("x", queue, "k", {})
        vhost.bind("ae", rest, "", {})
        publish(vhost, "x", "k")
        assert (len(queue), len(rest)) == (1, 0)
        publish(vhost, "x", "other")
        assert (len(queue), len(rest)) == (1, 1)
        vhost.delete_exchange("ae")
        assert not publish(vhost, "x", "other")

    in_loop(steps)


def test_exchange_declared_with_another_alternate_is_refused(in_loop):
    def steps(vhost):
        declare_exchange(vhost, "x", alternate="a")
        declare_exchange(vhost, "x", alternate="a")
        with pytest.raises(errors.ChannelException) as caught:
            declare_exchange(vhost, "x", alternate="b")
        assert caught.value.text == (
            "inequivalent arg 'alternate-exchange' for exchange 'x' in vhost '/': "
            "received 'b' but current is 'a'"
        )

    in_loop(steps)


def test_refusal_of_one_queue_is_told(in_loop):
    def steps(vhost):
        declare_exchange(vhost, "x", "fanout")
        full = declare(vhost, "full", arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
        other = declare(vhost, "other")
        for queue in (full, other):
            vhost.bind("x", queue, "", {})
        assert not vhost.put(Message("x", "", b"", b"", b""), [full, other])
        assert len(other) == 1

    in_loop(steps)


def test_predeclared_exchanges(in_loop):
    def steps(vhost):
        assert {name: exchange.type for name, exchange in vhost.exchanges.items()} == {
            "": "direct",
            "amq.direct": "direct",
            "amq.fanout": "fanout",
            "amq.headers": "headers",
            "amq.match": "headers",
            "amq.rabbitmq.trace": "topic",
            "amq.topic": "topic",
        }

    in_loop(steps)
