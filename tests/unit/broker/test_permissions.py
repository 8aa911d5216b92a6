# SPDX-License-Identifier: Apache-2.0
"""What a user without permissions may not do; RabbitMQ's words are compared in the integration tests."""

import asyncio

import pytest
from pamqp import commands

from minova.broker import access, frame
from minova.broker.server import Server, Settings
from tests.broker_wire import CAPABILITIES, CHANNEL_OPEN, OPEN, TUNE_OK, Client, header, marshal

ALL = {"configure": ".*", "write": ".*", "read": ".*"}
DEAD_LETTERS = {"x-dead-letter-exchange": "x"}
ALTERNATE = {"alternate-exchange": "y"}
PUBLISH = (commands.Basic.Publish(0, "x", "k"), header(0))


def answers(*frames, **permissions):
    """Send the frames as a user that has these permissions; return the answers."""

    async def main():
        server = Server(Settings())
        user = server.access.users["nova"] = access.User("nova", access.hash_password("secret"))
        user.permit("/", **permissions)
        client = Client(server)
        start_ok = commands.Connection.StartOk(CAPABILITIES, "PLAIN", "\0nova\0secret", "en_US")
        client.send(frame.PROTOCOL_HEADER + marshal(0, start_ok) + TUNE_OK + OPEN + CHANNEL_OPEN)
        client.send(marshal(1, *frames))
        client.close()
        return client.answers()[4:]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("frames", "permission", "resource"),
    [
        ([commands.Queue.Declare(0, "q")], "configure", "queue 'q'"),
        ([commands.Queue.Declare(0, "q", arguments=DEAD_LETTERS)], "read", "queue 'q'"),
        ([commands.Queue.Declare(0, "q", arguments=DEAD_LETTERS)], "write", "exchange 'x'"),
        ([commands.Queue.Delete(0, "q")], "configure", "queue 'q'"),
        ([commands.Queue.Purge(0, "q")], "read", "queue 'q'"),
        ([commands.Queue.Bind(0, "q", "x")], "write", "queue 'q'"),
        ([commands.Queue.Bind(0, "q", "x")], "read", "exchange 'x'"),
        ([commands.Queue.Unbind(0, "q", "x")], "write", "queue 'q'"),
        ([commands.Queue.Unbind(0, "q", "x")], "read", "exchange 'x'"),
        ([commands.Exchange.Declare(0, "x", "direct")], "configure", "exchange 'x'"),
        ([commands.Exchange.Declare(0, "x", "direct", arguments=ALTERNATE)], "read", "exchange 'x'"),
        ([commands.Exchange.Declare(0, "x", "direct", arguments=ALTERNATE)], "write", "exchange 'y'"),
        ([commands.Exchange.Delete(0, "x")], "configure", "exchange 'x'"),
        ([commands.Exchange.Bind(0, "x", "y")], "write", "exchange 'x'"),
        ([commands.Exchange.Bind(0, "x", "y")], "read", "exchange 'y'"),
        ([commands.Exchange.Unbind(0, "x", "y")], "write", "exchange 'x'"),
        ([commands.Exchange.Unbind(0, "x", "y")], "read", "exchange 'y'"),
        ([commands.Basic.Get(0, "q")], "read", "queue 'q'"),
        ([commands.Basic.Consume(0, "q")], "read", "queue 'q'"),
        (PUBLISH, "write", "exchange 'x'"),
    ],
)
def test_method_takes_a_permission(frames, permission, resource):
    refused = f"ACCESS_REFUSED - access to {resource} in vhost '/' refused for user 'nova'"
    assert answers(*frames, **ALL | {permission: "^$"})[-1].reply_text == refused
    assert all(getattr(answer, "reply_text", "") != refused for answer in answers(*frames, **ALL))


def test_default_exchange_has_a_name_for_permissions():
    publish = (commands.Basic.Publish(0, "", "k"), header(0))
    assert "exchange 'amq.default'" in answers(*publish, **ALL | {"write": "^x"})[-1].reply_text
    assert answers(*publish, **ALL | {"write": "^amq.default$"}) == []


def test_queue_that_the_broker_names_is_matched_by_what_it_would_be_called():
    declare = commands.Queue.Declare(0, "")
    assert answers(declare, configure="^amq\\.gen-")[-1].name == "Queue.DeclareOk"
    assert "access to queue 'amq.gen-" in answers(declare, configure="^q")[-1].reply_text
