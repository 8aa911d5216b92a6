# SPDX-License-Identifier: Apache-2.0
"""Requests to the API of a broker without sockets. What is expected was seen on RabbitMQ 3.10.8."""

import asyncio
import json
import re
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minova.broker.management import client
from minova.broker.management.routes import ROUTES
from minova.broker.management.state import NODE
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, Client
from tests.management_api import Broker

NOT_FOUND = (404, {"error": "Object Not Found", "reason": "Not Found"})
REFUSED = (401, {"error": "not_authorised", "reason": "Access refused."})
ARGUMENTS = {"x-message-ttl": 60000}


def bad_request(reason):
    return 400, {"error": "bad_request", "reason": reason}


def run(scenario):
    async def main():
        await asyncio.wait_for(scenario(Broker()), 30)

    asyncio.run(main())


def outcome(*requests, user="guest:guest"):
    """Make (line, body) requests one after the other and return what the last one answered."""

    async def main():
        broker = Broker()
        await broker.ask("PUT queues/%2F/q", {"durable": True, "arguments": ARGUMENTS})
        await broker.ask("PUT exchanges/%2F/x", {"type": "topic"})
        await broker.ask("POST bindings/%2F/e/x/q/q", {"routing_key": "a.*", "arguments": {"k": 1}})
        for line, body in requests:
            answer = await broker.ask(line, body, user)
        return answer

    return asyncio.run(main())


# Who may ask


@pytest.mark.parametrize("user", [None, "guest:wrong", "nobody:guest", "guest", ":", "guest:"])
def test_a_failed_login_is_asked_for_again(user):
    async def scenario(broker):
        response = await broker.respond("GET whoami", user=user)
        assert response.status == 401
        assert json.loads(response.body) == {"error": "not_authorized", "reason": "Login failed"}
        assert ("www-authenticate", 'Basic realm="minova-broker"') in response.headers

    run(scenario)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Bearer abc", "Basic /w=="])
def test_a_malformed_login_fails(header):
    async def scenario(broker):
        status, _ = await broker.ask("GET whoami", user=None, headers={"authorization": header})
        assert status == 401

    run(scenario)


def test_who_has_no_tag_manages_nothing():
    expected = (401, {"error": "not_authorised", "reason": "Not management user"})
    assert outcome(("GET whoami", None), user="jim:secret") == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("GET users", "Not administrator user"),
        ("GET users/joe/permissions", "Not administrator user"),
        ("GET permissions", "Not administrator user"),
        ("GET permissions/%2F/joe", "Not administrator user"),
        ("GET definitions", "Not administrator user"),
        ("GET nodes", "Not monitor user"),
        ("PUT queues/%2F/q2", "Access refused."),
        ("DELETE queues/%2F/q", "Access refused."),
        ("DELETE queues/%2F/q/contents", "Access refused."),
        ("POST bindings/%2F/e/x/q/q", "Access refused."),
        (
            "GET aliveness-test/%2F",
            "ACCESS_REFUSED - access to queue 'aliveness-test' in vhost '/' refused for user 'joe'",
        ),
    ],
)
def test_what_a_manager_without_permissions_may_not(line, reason):
    expected = (401, {"error": "not_authorised", "reason": reason})
    assert outcome((line, {}), user="joe:secret") == expected


def test_a_manager_sees_only_the_vhosts_and_connections_that_are_his():
    async def scenario(broker):
        broker.server.add_vhost("other")
        Client(broker.server).send(HANDSHAKE + CHANNEL_OPEN)
        for path, count in (("vhosts", 1), ("connections", 0), ("channels", 0)):
            _, seen = await broker.ask(f"GET {path}", user="joe:secret")
            _, all_of_them = await broker.ask(f"GET {path}")
            assert (len(seen), len(all_of_them)) == (count, count + 1), path
        expected = "User not authorised to access virtual host"
        assert (await broker.ask("GET queues/other", user="joe:secret"))[1]["reason"] == expected

    run(scenario)


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "queues/nowhere",
        "queues/%2F/none",
        "exchanges/%2F/none",
        "connections/none",
        "channels/none",
        "connections/none/channels",
        "consumers/nowhere",
        "bindings/nowhere",
        "bindings/%2F/e/x/q/q/none",
        "bindings/%2F/e/x/z/q",
        "users/none",
        "users/none/permissions",
        "permissions/%2F/jim",
        "vhosts/none",
        "nodes/none",
        "aliveness-test/none",
    ],
)
def test_what_does_not_exist_is_not_found(path):
    assert outcome((f"GET {path}", None)) == NOT_FOUND


def test_other_methods_are_told_which_there_are():
    async def scenario(broker):
        for method, status in (("PATCH", 405), ("POST", 405), ("OPTIONS", 200)):
            response = await broker.respond(f"{method} queues/%2F/q", user=None)
            assert response.status == status
            assert response.headers == (("allow", "GET, PUT, DELETE, OPTIONS, HEAD"),)
        assert (await broker.respond("HEAD whoami")).status == 200

    run(scenario)


# Declaring and deleting


@pytest.mark.parametrize(
    ("line", "body", "expected"),
    [
        ("PUT queues/%2F/new", {}, (201, None)),
        ("PUT queues/%2F/q", {"durable": "true", "arguments": ARGUMENTS}, (204, None)),
        ("PUT queues/%2F/amq.q", {}, REFUSED),
        ("PUT queues/%2F/new", b"{", bad_request("not_json")),
        ("PUT queues/%2F/new", b"[" * 100_000, bad_request("not_json")),
        ("PUT queues/%2F/new", [], bad_request("not_json")),
        ("PUT queues/%2F/new", {"durable": "maybe"}, bad_request(["not_boolean", "maybe"])),
        ("PUT queues/%2F/new", {"arguments": 3}, bad_request("arguments is not an object")),
        (
            "PUT queues/%2F/q",
            {"durable": False},
            bad_request(
                "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'"
            ),
        ),
        (
            "PUT queues/%2F/new",
            {"arguments": {"x-expires": "a"}},
            bad_request(
                "invalid arg 'x-expires' for queue 'new' in vhost '/': \"expected integer, got longstr\""
            ),
        ),
        ("PUT exchanges/%2F/new", {}, (201, None)),
        ("PUT exchanges/%2F/x", {"type": "topic"}, (204, None)),
        ("PUT exchanges/%2F/new", {"type": "none"}, bad_request("invalid exchange type 'none'")),
        ("PUT exchanges/%2F/amq.x", {}, REFUSED),
        (
            "PUT exchanges/%2F/x",
            {},
            bad_request(
                "inequivalent arg 'type' for exchange 'x' in vhost '/': received 'direct' but current is 'topic'"
            ),
        ),
        ("DELETE queues/%2F/q", None, (204, None)),
        ("DELETE queues/%2F/none", None, NOT_FOUND),
        ("DELETE queues/%2F/q?if-empty=true&if-unused=true", None, (204, None)),
        ("DELETE queues/%2F/q/contents", None, (204, None)),
        ("DELETE exchanges/%2F/x", None, (204, None)),
        ("DELETE exchanges/%2F/none", None, NOT_FOUND),
        ("DELETE exchanges/%2F/amq.topic", None, REFUSED),
        ("DELETE exchanges/%2F/amq.default", None, REFUSED),
        ("DELETE exchanges/%2F/x?if-unused=true", None, bad_request("exchange 'x' in vhost '/' in use")),
        ("POST bindings/%2F/e/x/q/q", {}, (201, None)),
        ("POST bindings/%2F/e/x/e/amq.fanout", {}, (201, None)),
        ("POST bindings/%2F/e/x/z/q", {}, NOT_FOUND),
        ("POST bindings/%2F/e/amq.default/q/q", {}, REFUSED),
        (
            "POST bindings/%2F/e/x/q/none",
            {},
            (404, {"error": "not_found", "reason": "no queue 'none' in vhost '/'"}),
        ),
        (
            "POST bindings/%2F/e/none/q/q",
            {},
            (404, {"error": "not_found", "reason": "no exchange 'none' in vhost '/'"}),
        ),
        ("DELETE bindings/%2F/e/x/q/q/none", None, NOT_FOUND),
        ("DELETE connections/none", None, NOT_FOUND),
    ],
)
def test_declaring_and_deleting(line, body, expected):
    assert outcome((line, body)) == expected


def test_a_name_that_amqp_cannot_hold_is_refused():
    status, document = outcome((f"PUT queues/%2F/{'n' * 256}", {}))
    assert (status, document["error"]) == (400, "bad_request")


def test_a_queue_of_any_name_can_be_declared_used_and_deleted():
    """pamqp refuses to send names that RabbitMQ allows; the API once could not delete what clients had made."""

    async def scenario(broker):
        name = "%C3%BC%20%2F%22%3Cb%3E"
        assert await broker.ask(f"PUT queues/%2F/{name}", {}) == (201, None)
        _, found = await broker.ask(f"GET queues/%2F/{name}")
        assert found["name"] == 'ü /"<b>'
        assert await broker.ask(f"DELETE queues/%2F/{name}") == (204, None)

    run(scenario)


def test_a_binding_is_found_and_deleted_by_the_location_that_its_declaration_told():
    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        for key, arguments in (("", {}), ("a b~c/d.*", {}), ("a", {"k": [1, {"n": True}]})):
            created = await broker.respond(
                "POST bindings/%2F/e/amq.topic/q/q", {"routing_key": key, "arguments": arguments}
            )
            location = dict(created.headers)["location"]
            path = f"bindings/%2F/e/amq.topic/q/{location}"
            _, found = await broker.ask(f"GET {path}")
            assert (found["routing_key"], found["arguments"]) == (key, arguments)
            assert await broker.ask(f"DELETE {path}") == (204, None)
            assert await broker.ask(f"GET {path}") == NOT_FOUND

    run(scenario)


# Messages

TEXT = {"properties": {}, "routing_key": "q", "payload": "hello", "payload_encoding": "string"}
PUBLISH = "POST exchanges/%2F/amq.default/publish"
GET = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (200, {"routed": True})),
        ({"routing_key": "none"}, (200, {"routed": False})),
        ({"properties": []}, (200, {"routed": True})),
        ({"properties": {"unheard": "of"}}, (200, {"routed": True})),
        ({"properties": {"priority": "hi"}}, bad_request(["not_int", "priority"])),
        ({"properties": {"content_type": 1}}, bad_request(["not_string", "content_type"])),
        ({"properties": {"headers": 1}}, bad_request("headers is not an object")),
        ({"properties": 1}, bad_request("properties is not an object")),
        ({"payload_encoding": "rot13"}, bad_request(["unsupported_encoding", "rot13"])),
        ({"payload": "h!", "payload_encoding": "base64"}, bad_request(["not_base64", "h!"])),
        ({"payload": 1}, bad_request("payload is not a string")),
        (
            {"properties": {"user_id": "joe"}},
            bad_request(
                "406 PRECONDITION_FAILED - user_id property set to 'joe' but authenticated user was 'guest'"
            ),
        ),
        (
            {"properties": {"expiration": "soon"}},
            bad_request("406 PRECONDITION_FAILED - invalid expiration 'soon': no_integer"),
        ),
    ],
)
def test_publishing(change, expected):
    assert outcome((PUBLISH, TEXT | change)) == expected


@pytest.mark.parametrize("properties", [{"priority": 256}, {"timestamp": 2**70}, {"headers": {"n": 2**70}}])
def test_a_property_that_amqp_cannot_hold_is_refused(properties):
    status, document = outcome((PUBLISH, TEXT | {"properties": properties}))
    assert (status, document["error"]) == (400, "bad_request")


def test_publishing_needs_all_keys():
    expected = bad_request("[{key_missing,payload},{key_missing,payload_encoding}]")
    assert outcome((PUBLISH, {"properties": {}, "routing_key": "q"})) == expected


def test_publishing_to_an_exchange_that_is_not_or_is_internal():
    assert outcome(("POST exchanges/%2F/none/publish", TEXT)) == bad_request(
        "404 NOT_FOUND - no exchange 'none' in vhost '/'"
    )
    assert outcome(("POST exchanges/%2F/amq.rabbitmq.trace/publish", TEXT)) == bad_request(
        "403 ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '/'"
    )


def test_a_message_comes_out_as_it_went_in():
    properties = {
        "content_type": "text/plain",
        "headers": {"h": [1, "a", {"t": True}], "f": 1.5},
        "delivery_mode": 2,
        "priority": 1,
        "expiration": "60000",
        "timestamp": 1795383348,
        "type": "greeting",
        "user_id": "guest",
    }
    _, (message,) = outcome(
        (PUBLISH, TEXT | {"properties": properties}), ("POST queues/%2F/q/get", GET | {"truncate": 2})
    )
    assert message == {
        "payload_bytes": 5,
        "redelivered": False,
        "exchange": "",
        "routing_key": "q",
        "message_count": 0,
        "properties": properties,
        "payload": "he",
        "payload_encoding": "string",
    }


def test_octets_that_are_no_text_are_shown_in_base64():
    binary = TEXT | {"payload": "/wA=", "payload_encoding": "base64"}
    _, (message,) = outcome((PUBLISH, binary), ("POST queues/%2F/q/get", GET))
    assert (message["payload"], message["payload_encoding"], message["properties"]) == ("/wA=", "base64", [])


def test_a_large_message_takes_several_frames():
    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        payload = "x" * 1_000_000
        assert await broker.ask(PUBLISH, TEXT | {"payload": payload}) == (200, {"routed": True})
        _, (message,) = await broker.ask("POST queues/%2F/q/get", GET)
        assert message["payload"] == payload

    run(scenario)


@pytest.mark.parametrize(
    ("mode", "left"),
    [
        ("ack_requeue_true", 2),
        ("reject_requeue_true", 2),
        ("ack_requeue_false", 0),
        ("reject_requeue_false", 0),
    ],
)
def test_messages_that_were_got_are_requeued_or_gone(mode, left):
    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        for _ in range(2):
            await broker.ask(PUBLISH, TEXT)
        _, messages = await broker.ask("POST queues/%2F/q/get", GET | {"count": -1, "ackmode": mode})
        assert [message["message_count"] for message in messages] == [1, 0]
        _, queue = await broker.ask("GET queues/%2F/q")
        assert (queue["messages"], queue["messages_ready"]) == (left, left)

    run(scenario)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GET | {"count": "x"}, bad_request(["not_integer", "x"])),
        (
            GET | {"encoding": "none"},
            bad_request("Unsupported encoding. Please use auto or base64."),
        ),
        ({"count": 1, "encoding": "auto"}, bad_request("[{key_missing,ackmode}]")),
        (GET | {"count": "1"}, (200, [])),
    ],
)
def test_getting(body, expected):
    assert outcome(("POST queues/%2F/q/get", body)) == expected


def test_getting_from_a_queue_that_is_not():
    reason = "NOT_FOUND - no queue 'none' in vhost '/'"
    assert outcome(("POST queues/%2F/none/get", GET)) == (404, {"error": "not_found", "reason": reason})


def test_an_unknown_ackmode_is_refused_and_takes_nothing():
    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        await broker.ask(PUBLISH, TEXT)
        status, _ = await broker.ask("POST queues/%2F/q/get", GET | {"ackmode": "none"})
        assert status == 400
        assert (await broker.ask("GET queues/%2F/q"))[1]["messages"] == 1

    run(scenario)


# Connections


def test_a_connection_is_closed_with_a_reason():
    async def scenario(broker):
        client = Client(broker.server)
        client.send(HANDSHAKE + CHANNEL_OPEN)
        name = client.connection.name.replace(" ", "%20")
        _, found = await broker.ask(f"GET connections/{name}")
        assert (found["user"], found["channels"], found["state"]) == ("guest", 1, "running")
        assert await broker.ask(f"DELETE connections/{name}", headers={"x-reason": "enough"}) == (204, None)
        client.connection.flush()
        assert client.answers()[-1].reply_text == "CONNECTION_FORCED - enough"
        assert await broker.ask(f"GET connections/{name}") == NOT_FOUND

    run(scenario)


def test_the_api_leaves_no_connection_behind():
    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        await broker.ask("PUT queues/%2F/q", {"durable": True})
        await broker.ask("GET aliveness-test/%2F")
        await asyncio.sleep(0)  # its end is told in the loop's next turn, as a socket's is
        assert broker.server.connections == set()
        assert set(broker.server.vhosts["/"].queues) == {"q"}

    run(scenario)


# Checks


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("aliveness-test/%2F", (200, {"status": "ok"})),
        ("health/checks/alarms", (200, {"status": "ok"})),
        (f"healthchecks/node/{NODE}", (200, {"status": "ok"})),
        ("healthchecks/node/none", NOT_FOUND),
        ("health/checks/virtual-hosts", (200, {"status": "ok"})),
        ("health/checks/port-listener/5673", (200, {"status": "ok", "port": 5673})),
        (
            "health/checks/port-listener/1",
            (503, {"status": "failed", "reason": "No active listener", "missing": "1", "ports": [5673]}),
        ),
        ("health/checks/protocol-listener/amqp", (200, {"status": "ok", "protocol": "amqp"})),
        (
            "health/checks/protocol-listener/mqtt",
            (
                503,
                {
                    "status": "failed",
                    "reason": "No active listener",
                    "missing": "mqtt",
                    "protocols": ["amqp"],
                },
            ),
        ),
    ],
)
def test_health_checks(path, expected):
    assert outcome((f"GET {path}", None)) == expected


def test_what_is_published_while_memory_is_short_is_refused_and_not_kept(monkeypatch):
    monkeypatch.setattr(client, "_TIMEOUT_SECONDS", 0.1)

    async def scenario(broker):
        await broker.ask("PUT queues/%2F/q", {})
        broker.server.memory.add(broker.server.memory.limit_octets + 1)
        status, document = await broker.ask(PUBLISH, TEXT)
        assert (status, document["error"]) == (503, "timeout")
        status, document = await broker.ask("GET health/checks/alarms")
        assert (status, document["alarms"]) == (503, [{"node": NODE, "resource": "memory"}])
        assert (await broker.ask("GET nodes"))[1][0]["mem_alarm"] is True
        assert await broker.ask("DELETE queues/%2F/q/contents") == (204, None)
        broker.server.memory.remove(broker.server.memory.limit_octets + 1)
        assert (await broker.ask("GET queues/%2F/q"))[1]["messages"] == 0

    run(scenario)


# Whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["arguments", "durable", "type", "properties", "routing_key", "payload", "payload_encoding", "count"]
KEYS += ["ackmode", "encoding", "truncate", "tags", "password", "password_hash", "hashing_algorithm", "users"]
KEYS += ["vhosts", "permissions", "queues", "exchanges", "bindings", "configure", "write", "read", "headers"]
BODIES = st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6)
LINES = [
    "PUT queues/%2F/q",
    "PUT exchanges/%2F/x",
    "POST bindings/%2F/e/amq.topic/q/q",
    "POST definitions",
    "POST definitions/%2F",
    "PUT users/u",
    "PUT vhosts/v",
    "PUT permissions/%2F/jim",
    "POST users/bulk-delete",
]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(LINES), BODIES)
def test_no_body_makes_the_broker_fail(line, body):
    status, _ = outcome((line, body))
    assert status < 500


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from([*TEXT, *GET, "truncate"]), JSON))
def test_no_message_makes_the_broker_fail(change):
    assert outcome((PUBLISH, TEXT | change))[0] < 500
    assert outcome((PUBLISH, TEXT), ("POST queues/%2F/q/get", GET | change))[0] < 500


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["headers", "priority", "timestamp", "expiration", "user_id", "delivery_mode"]), JSON)
def test_no_properties_make_the_broker_fail(name, value):
    assert outcome((PUBLISH, TEXT | {"properties": {name: value, "headers": {"h": value}}}))[0] < 500


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(list(ROUTES)), st.text(max_size=6), st.sampled_from(["GET", "DELETE"]))
def test_no_name_makes_the_broker_fail(pattern, name, method):
    path = re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(name, safe=""), pattern)
    assert outcome((f"{method} {path}", None))[0] < 500 or "health/checks" in path
