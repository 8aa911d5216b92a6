# SPDX-License-Identifier: Apache-2.0
"""What the API's documents say of a client's work; names and shapes are RabbitMQ 3.10.8's."""

import asyncio
import datetime
import decimal

import pytest
from pamqp import commands

from minova.broker.definitions import Definitions
from minova.broker.management import state
from minova.broker.server import Server, Settings
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, PUBLISH, Client, marshal
from tests.management_api import Broker

WORK = (
    HANDSHAKE
    + CHANNEL_OPEN
    + marshal(1, commands.Exchange.Declare(0, "x", "fanout", auto_delete=True, arguments={"a": 1.5}))
    + marshal(1, commands.Queue.Declare(0, "q", durable=True, arguments={"x-message-ttl": 60000}))
    + marshal(1, commands.Queue.Declare(0, "own", exclusive=True))
    + marshal(1, commands.Queue.Bind(0, "q", "x", "a.*", arguments={"k": "v"}))
    + marshal(1, commands.Queue.Bind(0, "own", "x"))
    + marshal(1, commands.Basic.Qos(0, 5))
    + marshal(1, commands.Basic.Consume(0, "q", "tag"))
    + PUBLISH * 6
)


def answers(*paths):
    """The documents at these paths after the work above."""

    async def main():
        broker = Broker()
        client = Client(broker.server)
        client.send(WORK)
        return [(await broker.ask(f"GET {path}"))[1] for path in paths]

    found = asyncio.run(main())
    return found if len(found) > 1 else found[0]


def test_queues():
    one, listed = answers("queues/%2F/q", "queues/%2F")
    (consumer,) = one.pop("consumer_details")
    assert (consumer["consumer_tag"], consumer["queue"]) == ("tag", {"name": "q", "vhost": "/"})
    assert one == listed[1]
    stats = one.pop("message_stats")
    assert (stats["publish"], stats["deliver_get"], stats["publish_details"]) == (6, 5, {"rate": 0.0})
    assert one == {
        "name": "q",
        "vhost": "/",
        "type": "classic",
        "durable": True,
        "auto_delete": False,
        "exclusive": False,
        "arguments": {"x-message-ttl": 60000},
        "node": state.NODE,
        "state": "running",
        "consumers": 1,
        "message_bytes": 30,
        "message_bytes_ready": 5,
        "message_bytes_unacknowledged": 25,
        "exclusive_consumer_tag": None,
        "single_active_consumer_tag": None,
        "policy": None,
        "effective_policy_definition": {},
        "messages": 6,
        "messages_details": {"rate": 0.0},
        "messages_ready": 1,
        "messages_ready_details": {"rate": 0.0},
        "messages_unacknowledged": 5,
        "messages_unacknowledged_details": {"rate": 0.0},
    }
    own = listed[0]
    assert (own["name"], own["exclusive"]) == ("own", True)
    assert own["owner_pid_details"]["peer_port"] == 1234


def test_exchanges():
    listed = answers("exchanges/%2F?columns=name,type,auto_delete,arguments")
    assert {"name": "x", "type": "fanout", "auto_delete": True, "arguments": {"a": 1.5}} in listed
    names = [exchange["name"] for exchange in listed]
    assert names == sorted(names)
    assert {"", "amq.direct", "amq.fanout", "amq.topic", "amq.rabbitmq.trace"} <= set(names)


def test_messages_are_counted_at_the_exchange_they_were_published_to():
    stats = answers("exchanges/%2F/amq.default")["message_stats"]
    assert (stats["publish_in"], stats["publish_out"]) == (6, 6)


def test_bindings():
    expected = {
        "source": "x",
        "vhost": "/",
        "destination": "q",
        "destination_type": "queue",
        "routing_key": "a.*",
        "arguments": {"k": "v"},
        "properties_key": state.properties_key("a.*", {"k": "v"}),
    }
    between, of_queue, of_exchange, everything = answers(
        "bindings/%2F/e/x/q/q",
        "queues/%2F/q/bindings",
        "exchanges/%2F/x/bindings/source",
        "bindings",
    )
    assert between == [expected]
    assert [binding["source"] for binding in of_queue] == ["", "x"]
    assert [binding["destination"] for binding in of_exchange] == ["own", "q"]
    assert [(binding["source"], binding["properties_key"]) for binding in everything] == [
        ("", "own"),
        ("", "q"),
        ("x", "~"),
        ("x", expected["properties_key"]),
    ]


@pytest.mark.parametrize(
    ("key", "arguments", "expected"),
    [
        ("", {}, "~"),
        ("a.*.#", {}, "a.%2A.%23"),
        ("a b/c", {}, "a+b%2Fc"),
        ("~", {}, "%7E"),
    ],
)
def test_a_binding_is_named_by_its_key(key, arguments, expected):
    assert state.properties_key(key, arguments) == expected


def test_a_binding_with_arguments_is_named_by_them_too():
    names = {state.properties_key("a", {"k": value}) for value in (1, "1", True, [1])}
    assert len(names) == 4
    assert all(name.startswith("a~") and len(name) == 8 for name in names)


def test_connections_and_channels():
    (connection,), (channel,) = answers("connections", "channels")
    assert {name: connection[name] for name in ("user", "vhost", "channels", "protocol", "state")} == {
        "user": "guest",
        "vhost": "/",
        "channels": 1,
        "protocol": "AMQP 0-9-1",
        "state": "running",
    }
    assert connection["name"] == "127.0.0.1:1234 -> 127.0.0.1:1234"
    assert connection["recv_oct"] == len(WORK)
    assert connection["client_properties"]["capabilities"]["consumer_cancel_notify"] is True
    assert channel["name"] == f"{connection['name']} (1)"
    assert channel["connection_details"]["name"] == connection["name"]
    wanted = ("consumer_count", "prefetch_count", "messages_unacknowledged", "confirm")
    assert [channel[name] for name in wanted] == [1, 5, 5, False]
    assert channel["message_stats"]["publish"] == 6


def test_consumers():
    (consumer,) = answers("consumers")
    details = consumer.pop("channel_details")
    assert (details["number"], details["user"]) == (1, "guest")
    assert consumer == {
        "consumer_tag": "tag",
        "queue": {"name": "q", "vhost": "/"},
        "ack_required": True,
        "active": True,
        "activity_status": "up",
        "exclusive": False,
        "prefetch_count": 5,
        "arguments": {},
    }


def test_the_overview_has_totals_of_everything():
    overview = answers("overview")
    totals = overview["object_totals"]
    assert [totals[name] for name in ("connections", "channels", "consumers", "queues")] == [1, 1, 1, 2]
    assert overview["queue_totals"]["messages"] == 6
    assert overview["message_stats"]["publish"] == 6
    assert overview["churn_rates"]["queue_created"] == 2
    assert overview["listeners"][0]["protocol"] == "amqp"
    (vhost,) = answers("vhosts")
    assert (vhost["name"], vhost["messages"], vhost["recv_oct"]) == ("/", 6, len(WORK))


def test_values_that_json_does_not_have():
    table = {"a": [b"\xff", {"b": bytearray(b"c")}], "t": datetime.datetime.fromtimestamp(5, datetime.UTC)}
    plain = state.plain(table | {"d": decimal.Decimal("1.5"), "n": None})
    assert plain == {"a": ["\ufffd", {"b": "c"}], "t": 5, "d": 1.5, "n": None}


def test_of_several_consumers_one_may_be_active():
    async def main():
        broker = Broker()
        declare = commands.Queue.Declare(0, "q", arguments={"x-single-active-consumer": True})
        consume = [commands.Basic.Consume(0, "q", tag, arguments={"x-priority": 1}) for tag in ("a", "b")]
        client = Client(broker.server)
        client.send(HANDSHAKE + CHANNEL_OPEN + marshal(1, declare) + marshal(1, *consume))
        return [(await broker.ask(f"GET {path}"))[1] for path in ("consumers", "queues/%2F/q")]

    consumers, queue = asyncio.run(main())
    status = {consumer["consumer_tag"]: consumer["activity_status"] for consumer in consumers}
    assert status == {"a": "single_active", "b": "waiting"}
    assert [consumer["arguments"] for consumer in consumers] == [{"x-priority": 1}] * 2
    assert queue["single_active_consumer_tag"] == "a"


def test_the_overview_of_a_manager_counts_what_he_sees():
    async def main():
        broker = Broker()
        broker.server.add_vhost("other")
        Client(broker.server).send(WORK)
        return (await broker.ask("GET overview", user="joe:secret"))[1]

    overview = asyncio.run(main())
    totals = overview["object_totals"]
    assert [totals[name] for name in ("connections", "channels", "consumers", "queues")] == [0, 0, 1, 2]
    assert "listeners" not in overview


def test_users_and_permissions():
    users, whoami, permissions = answers("users", "whoami", "users/joe/permissions")
    assert [user["name"] for user in users] == ["guest", "jim", "joe"]
    assert (users[2]["tags"], users[2]["hashing_algorithm"]) == (
        ["management"],
        "rabbit_password_hashing_sha256",
    )
    assert whoami == {"name": "guest", "tags": ["administrator"]}
    assert permissions == [{"user": "joe", "vhost": "/", "configure": "^j", "write": "^j", "read": "^j"}]


def test_definitions_are_what_outlives_its_clients():
    everything, of_vhost = answers("definitions", "definitions/%2F")
    assert [queue["name"] for queue in everything["queues"]] == ["q"]
    assert [exchange["name"] for exchange in everything["exchanges"]] == ["x"]
    (binding,) = everything["bindings"]
    assert (binding["destination"], "properties_key" in binding) == ("q", False)
    assert everything["vhosts"] == [{"name": "/"}]
    assert of_vhost["queues"] == [
        {"name": "q", "durable": True, "auto_delete": False, "arguments": {"x-message-ttl": 60000}}
    ]


def test_what_is_exported_can_be_read_as_a_definitions_file():
    document = answers("definitions")

    async def main():
        return Server(Settings(), definitions=Definitions(document))

    again = asyncio.run(main())
    assert set(again.vhosts["/"].queues) == {"q"}
    assert again.access.authenticate("joe", "secret").may("/", "read", "jar")
