# SPDX-License-Identifier: Apache-2.0

import pytest
from pamqp import commands

from minova.broker import errors, message
from minova.broker.headers_exchange import HeadersExchange


def route(arguments, headers):
    exchange, queue = HeadersExchange("x", "/"), object()
    exchange.bind(queue, "ignored", arguments)
    header = message.encode_header(commands.Basic.Properties(headers=headers), 0)
    found = exchange.route_message(message.Message("x", "other", b"", header, b""))
    assert found in ((), (queue,))
    return bool(found)


@pytest.mark.parametrize(
    ("arguments", "headers", "fits"),
    [
        ({}, None, True),
        ({"a": 1}, None, False),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "x", "c": 2}, True),
        ({"a": 1, "b": "x"}, {"a": 1}, False),
        ({"x-match": "any", "a": 1, "b": "x"}, {"a": 1}, True),
        ({"x-match": "any"}, {"a": 1}, False),
        ({"a": None}, {"a": "anything"}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": "x"}, {"a": bytearray(b"x")}, True),
        ({"x-a": 1}, {}, True),
        ({"x-match": "all-with-x", "x-a": 1}, {}, False),
        ({"x-match": "any-with-x", "x-a": 1}, {"x-a": 1}, True),
    ],
)
def test_headers_fit_arguments(arguments, headers, fits):
    assert route(arguments, headers) == fits


@pytest.mark.parametrize("kind", ["some", 5, None])
def test_unknown_kinds_of_match_are_refused(kind):
    with pytest.raises(errors.ChannelException) as caught:
        HeadersExchange("x", "/").check_binding({"x-match": kind})
    assert caught.value.code == 406


def test_queue_bound_twice_gets_a_message_once():
    exchange, queue = HeadersExchange("x", "/"), object()
    for arguments in ({"a": 1}, {"b": 1}):
        exchange.bind(queue, "", arguments)
    header = message.encode_header(commands.Basic.Properties(headers={"a": 1, "b": 1}), 0)
    assert exchange.route_message(message.Message("x", "", b"", header, b"")) == (queue,)
    exchange.unbind(queue, "", {"a": 1})
    assert exchange.route_message(message.Message("x", "", b"", header, b"")) == (queue,)
