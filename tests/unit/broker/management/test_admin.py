# SPDX-License-Identifier: Apache-2.0
"""Vhosts, users and permissions by the API, and definitions that are imported; seen on RabbitMQ 3.10.8."""

import asyncio

import pytest

from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, Client
from tests.management_api import Broker

EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}
HASH = "HEdICJRpORxIFeHtmVuPfy8RGRMyMmdUtvJmh3oLDas+Lheh"


def outcomes(*requests, user="guest:guest"):
    """Make (line, body) requests one after the other and return what each answered."""

    async def main():
        broker = Broker()
        return [await broker.ask(line, body, user) for line, body in requests]

    return asyncio.run(main())


def bad_request(reason):
    return 400, {"error": "bad_request", "reason": reason}


NOT_FOUND = (404, {"error": "Object Not Found", "reason": "Not Found"})


@pytest.mark.parametrize(
    "line",
    [
        "PUT vhosts/v",
        "DELETE vhosts/%2F",
        "PUT users/u",
        "DELETE users/guest",
        "PUT permissions/%2F/joe",
        "DELETE permissions/%2F/joe",
        "POST definitions",
        "POST definitions/%2F",
    ],
)
def test_only_administrators_change_these(line):
    (answer,) = outcomes((line, {}), user="joe:secret")
    assert answer == (401, {"error": "not_authorised", "reason": "Not administrator user"})


def test_a_vhost_is_made_once_for_its_maker():
    made, again, queue, gone, missing = outcomes(
        ("PUT vhosts/v", None),
        ("PUT vhosts/v", None),
        ("PUT queues/v/q", {}),
        ("DELETE vhosts/v", None),
        ("DELETE vhosts/v", None),
    )
    assert [made, again, queue, gone] == [(201, None), (204, None), (201, None), (204, None)]
    assert missing == NOT_FOUND


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("DELETE vhosts/%2F", "CONNECTION_FORCED - vhost '/' is deleted"),
        ("DELETE users/guest", "CONNECTION_FORCED - user 'guest' is deleted"),
    ],
)
def test_what_goes_takes_its_connections_with_it(line, text):
    async def main():
        broker = Broker()
        client = Client(broker.server)
        client.send(HANDSHAKE + CHANNEL_OPEN)
        assert await broker.ask(line) == (204, None)
        client.connection.flush()
        return client.answers()[-1].reply_text

    assert asyncio.run(main()) == text


def test_permissions_in_a_vhost_go_with_it():
    _, _, permissions = outcomes(
        ("DELETE vhosts/%2F", None), ("PUT vhosts/%2F", None), ("GET users/joe/permissions", None)
    )
    assert permissions == (200, [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": "p", "tags": "management"}, (201, None)),
        ({"password_hash": HASH, "tags": ["monitoring"]}, (201, None)),
        ({"tags": ""}, (201, None)),
        ({"password": "p"}, bad_request("tags_not_present")),
        ({"password": 3, "tags": ""}, bad_request("password is not a string")),
        (
            {"password_hash": 3, "tags": ""},
            bad_request("password_hash and hashing_algorithm are not strings"),
        ),
        (
            {"password_hash": HASH, "hashing_algorithm": [], "tags": ""},
            bad_request("password_hash and hashing_algorithm are not strings"),
        ),
        (
            {"password_hash": HASH, "hashing_algorithm": "rot13", "tags": ""},
            bad_request("unknown hashing algorithm 'rot13'"),
        ),
        (
            {"password": "p", "tags": [1]},
            bad_request("tags is neither a list of strings nor a string"),
        ),
    ],
)
def test_making_a_user(body, expected):
    assert outcomes(("PUT users/new", body)) == [expected]


@pytest.mark.parametrize("line", ["PUT users/{}", "PUT vhosts/{}"])
def test_a_name_that_amqp_cannot_hold_is_refused(line):
    assert outcomes((line.format("n" * 256), {"tags": ""})) == [bad_request("a name has 1 to 255 octets")]


def test_a_user_logs_in_with_the_password_of_the_last_change_and_keeps_permissions():
    async def main():
        broker = Broker()
        assert await broker.ask("PUT users/joe", {"password": "new", "tags": "a, management"}) == (204, None)
        assert (await broker.ask("GET whoami", user="joe:secret"))[0] == 401
        assert (await broker.ask("GET whoami", user="joe:new"))[1] == {
            "name": "joe",
            "tags": ["a", "management"],
        }
        assert (await broker.ask("GET users/joe/permissions"))[1][0]["vhost"] == "/"

    asyncio.run(main())


def test_users_are_deleted_together_or_not_at_all():
    refused, kept, deleted, left, malformed = outcomes(
        ("POST users/bulk-delete", {"users": ["joe", "nobody"]}),
        ("GET users/without-permissions?columns=name", None),
        ("POST users/bulk-delete", {"users": ["joe", "jim", "jim"]}),
        ("GET users?columns=name", None),
        ("POST users/bulk-delete", {"users": [[]]}),
    )
    assert refused == bad_request(["no_such_user", "nobody"])
    assert kept == (200, [{"name": "jim"}])
    assert deleted == (204, None)
    assert left == (200, [{"name": "guest"}])
    assert malformed == bad_request("users is not a list of strings")


def test_permissions_are_given_changed_and_taken():
    answers = outcomes(
        ("PUT permissions/%2F/jim", EVERYTHING),
        ("PUT permissions/%2F/jim", EVERYTHING | {"read": ""}),
        ("GET permissions/%2F/jim", None),
        ("DELETE permissions/%2F/jim", None),
        ("DELETE permissions/%2F/jim", None),
    )
    assert [status for status, _ in answers] == [201, 204, 200, 204, 404]
    assert answers[2][1] == {"user": "jim", "vhost": "/"} | EVERYTHING | {"read": ""}


@pytest.mark.parametrize(
    ("line", "body", "reason"),
    [
        ("PUT permissions/%2F/joe", {"configure": "", "write": ""}, "[{key_missing,read}]"),
        ("PUT permissions/%2F/nobody", EVERYTHING, "vhost_or_user_not_found"),
        ("PUT permissions/nowhere/joe", EVERYTHING, "vhost_or_user_not_found"),
        (
            "PUT permissions/%2F/joe",
            EVERYTHING | {"read": "["},
            ["invalid_regexp", "unterminated character set at position 0"],
        ),
    ],
)
def test_permissions_that_are_refused(line, body, reason):
    refused, unchanged = outcomes((line, body), ("GET permissions/%2F/joe", None))
    assert refused == bad_request(reason)
    assert unchanged[1]["read"] == "^j"


DEFINITIONS = {
    "vhosts": [{"name": "v"}],
    "users": [{"name": "ann", "password_hash": HASH, "tags": "management"}, {"name": "joe", "tags": []}],
    "permissions": [{"user": "guest", "vhost": "v"} | EVERYTHING],
    "exchanges": [{"name": "x", "vhost": "v", "type": "topic"}],
    "queues": [{"name": "q", "vhost": "v", "durable": False, "arguments": {"x-message-ttl": 5}}],
    "bindings": [{"source": "x", "vhost": "v", "destination": "q", "routing_key": "a"}],
}


def test_what_is_imported_is_added_and_replaces_users():
    _, again, definitions, joe = outcomes(
        ("POST definitions", DEFINITIONS),
        ("POST definitions", DEFINITIONS),
        ("GET definitions", None),
        ("GET users/joe", None),
    )
    assert again == (204, None)
    document = definitions[1]
    assert [vhost["name"] for vhost in document["vhosts"]] == ["/", "v"]
    assert [user["name"] for user in document["users"]] == ["ann", "guest", "jim", "joe"]
    assert [(queue["vhost"], queue["name"]) for queue in document["queues"]] == [("v", "q")]
    assert document["bindings"][0]["routing_key"] == "a"
    assert (joe[1]["tags"], joe[1]["password_hash"]) == ([], "")


def test_a_queue_that_exists_stays_as_it_is():
    _, imported, queue = outcomes(
        ("PUT queues/%2F/q", {"durable": True}),
        ("POST definitions", {"queues": [{"name": "q", "vhost": "/", "durable": False}]}),
        ("GET queues/%2F/q", None),
    )
    assert imported == (204, None)
    assert queue[1]["durable"] is True


def test_definitions_of_one_vhost_are_imported_into_another():
    *_, exported, made, imported, found = outcomes(
        ("POST definitions", DEFINITIONS),
        ("GET definitions/v", None),
        ("PUT vhosts/w", None),
        ("POST definitions/w", {key: DEFINITIONS[key] for key in ("exchanges", "queues", "bindings")}),
        ("GET queues/w/q/bindings?columns=source", None),
    )
    assert (made[0], imported[0]) == (201, 204)
    assert exported[1]["queues"][0]["name"] == "q"
    assert found[1] == [{"source": ""}, {"source": "x"}]


@pytest.mark.parametrize(
    ("line", "document", "text"),
    [
        ("POST definitions", {"queues": [{"name": "q"}]}, "$.queues[0]"),
        ("POST definitions", {"users": 3}, "$.users"),
        ("POST definitions", {"vhosts": [3]}, "$.vhosts[0]"),
        ("POST definitions", {"queues": [{"name": "q", "vhost": "nowhere"}]}, "nowhere"),
        ("POST definitions", {"permissions": [{"user": "x", "vhost": "/"} | EVERYTHING]}, "no such user"),
        ("POST definitions", [], "not_json"),
        ("POST definitions/%2F", {"queues": 3}, "$.queues"),
        ("POST definitions/%2F", {"queues": [3]}, "$.queues[0]"),
        ("POST definitions/nowhere", {}, "vhost_not_found"),
    ],
)
def test_definitions_that_are_refused(line, document, text):
    (status, answer), (_, after) = outcomes((line, document), ("GET definitions", None))
    assert status == 400
    assert text in answer["reason"]
    assert after["queues"] == []
