# SPDX-License-Identifier: Apache-2.0
"""Holds and faults by the management API."""

import asyncio
import time

import pytest

from minova.broker import access
from minova.broker.management import debugging
from tests.management_api import Broker
from tests.unit.broker.debugger.bodies import UUID, instance, request

FOR_BUILDS = {"method": "build_*"}


def run(scenario):
    """Run scenario(broker), a coroutine function, where queues can keep time."""

    async def main():
        await scenario(Broker())

    asyncio.run(main())


def declare(broker, vhost="/"):
    flags = {"durable": False, "exclusive": False, "auto_delete": False, "arguments": {}}
    return broker.server.vhosts[vhost].declare_queue("compute.host1", None, **flags)


def put(broker, queue, **content):
    queue.vhost.put(request(args={"instance": instance()}, **content), [queue])


def test_hold_is_made_shown_and_cleared():
    async def scenario(broker):
        status, made = await broker.ask("POST minova/holds", FOR_BUILDS | {"kinds": ["cast"], "host": None})
        assert status == 201
        assert time.time() - made.pop("created_at") < 60
        nothing = dict.fromkeys(("routing_key", "exchange", "host", "server"))
        assert made == {"id": 1, "method": "build_*", "kinds": ["cast"], "count": 0} | nothing
        put(broker, declare(broker))
        _, (shown,) = await broker.ask("GET minova/holds")
        assert shown["count"] == 1
        assert await broker.ask("DELETE minova/holds/1") == (200, {"cleared": 1, "released": 1})
        assert await broker.ask("GET minova/holds") == (200, [])
        assert await broker.ask("DELETE minova/holds") == (200, {"cleared": 0, "released": 0})

    run(scenario)


def test_held_message_is_shown_with_what_it_says():
    async def scenario(broker):
        queue = declare(broker)
        await broker.ask("POST minova/holds", FOR_BUILDS)
        put(broker, queue, _unique_id="u1", _context_request_id="req-1")
        _, (held,) = await broker.ask("GET minova/held")
        assert held.pop("age_seconds") < 60
        assert time.time() - held.pop("since") < 60
        assert held == {
            "id": 1,
            "hold": 1,
            "queue": "compute.host1",
            "exchange": "minova",
            "routing_key": "compute.host1",
            "size_bytes": queue.ready_bytes,
            "redelivered": False,
            "servers": [UUID],
            "server_names": ["web-1"],
            "hosts": ["vm", "host1"],
            "kind": "cast",
            "method": "build_and_run_instance",
            "namespace": "",
            "sender": "minova-conductor@vm",
            "request_id": "req-1",
            "msg_id": "",
            "unique_id": "u1",
        }
        _, one = await broker.ask("GET minova/held/1")
        assert (one["payload"][:17], one["payload_encoding"]) == ('{"oslo.version": ', "string")
        assert one["properties"] == []

    run(scenario)


def test_step_lets_one_message_go_and_tells_which():
    async def scenario(broker):
        queue = declare(broker)
        await broker.ask("POST minova/holds", FOR_BUILDS)
        for unique_id in ("a", "b", "c"):
            put(broker, queue, _unique_id=unique_id)
        assert (await broker.ask("POST minova/step"))[1]["unique_id"] == "a"
        assert (await broker.ask("POST minova/step", {"id": 3}))[1]["unique_id"] == "c"
        assert await broker.ask("POST minova/step", {"id": 3}) == (
            404,
            {"error": "not_found", "reason": "there is no held message 3"},
        )
        await broker.ask("POST minova/step")
        assert await broker.ask("POST minova/step") == (
            404,
            {"error": "not_found", "reason": "no message is held"},
        )

    run(scenario)


def test_fault_is_made_shown_and_cleared():
    async def scenario(broker):
        wanted = {"action": "delay", "delay_seconds": 2, "probability": 0.5, "skip": 1, "count": 3, "seed": 7}
        status, made = await broker.ask("POST minova/faults", FOR_BUILDS | wanted | {"expires_seconds": 60})
        assert status == 201
        assert 0 < made["expires_at"] - time.time() <= 60
        assert {name: made[name] for name in wanted} == wanted
        assert (made["id"], made["hits"], made["strikes"], made["spent"]) == (1, 0, 0, False)
        assert (await broker.ask("GET minova/faults"))[1] == [made]
        assert await broker.ask("DELETE minova/faults/1") == (200, {"cleared": 1})
        assert (await broker.ask("DELETE minova/faults/1"))[0] == 404
        assert await broker.ask("DELETE minova/faults") == (200, {"cleared": 0})

    run(scenario)


def test_rules_are_for_their_vhost():
    async def scenario(broker):
        broker.server.add_vhost("other")
        await broker.ask("POST minova/holds?vhost=other", FOR_BUILDS)
        put(broker, declare(broker))
        assert await broker.ask("GET minova/holds") == await broker.ask("GET minova/held") == (200, [])
        assert len((await broker.ask("GET minova/holds?vhost=other"))[1]) == 1
        assert (await broker.ask("GET minova/holds?vhost=none"))[0] == 404

    run(scenario)


@pytest.mark.parametrize("path", ["holds", "held", "held/1", "faults"])
def test_who_looks_has_to_be_a_monitor(path):
    async def scenario(broker):
        reason = "Not monitor user"
        refusal = (401, {"error": "not_authorised", "reason": reason})
        assert await broker.ask(f"GET minova/{path}", user="joe:secret") == refusal

    run(scenario)


@pytest.mark.parametrize(
    "line",
    [
        *("POST minova/holds", "DELETE minova/holds", "DELETE minova/holds/1", "POST minova/step"),
        *("POST minova/faults", "DELETE minova/faults", "DELETE minova/faults/1"),
    ],
)
def test_who_acts_has_to_be_an_administrator(line):
    async def scenario(broker):
        monitor = access.User("mon", access.hash_password("secret"), ["monitoring"])
        broker.server.access.users["mon"] = monitor
        refusal = (401, {"error": "not_authorised", "reason": "Not administrator user"})
        assert await broker.ask(line, FOR_BUILDS, user="mon:secret") == refusal
        assert (await broker.ask("GET minova/holds", user="mon:secret"))[0] == 200

    run(scenario)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "say which messages by one of method, routing_key, exchange, host, server or kinds"),
        ({"method": ""}, "method is a text of 1 to 255 characters"),
        ({"method": ["m"]}, "method is a text of 1 to 255 characters"),
        ({"server": "s" * 256}, "server is a text of 1 to 255 characters"),
        ({"kinds": ["letter"]}, "kinds is a list of some of call, cast, fanout, reply, alive"),
        ({"kinds": "call"}, "kinds is a list of some of call, cast, fanout, reply, alive"),
        ({"methode": "m", "queue": "q"}, "there is no field methode, queue"),
    ],
)
def test_senseless_hold_is_refused(body, reason):
    async def scenario(broker):
        assert await broker.ask("POST minova/holds", body) == (
            400,
            {"error": "bad_request", "reason": reason},
        )
        assert await broker.ask("GET minova/holds") == (200, [])

    run(scenario)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "action is one of drop, delay, duplicate, corrupt"),
        ({"action": "eat"}, "action is one of drop, delay, duplicate, corrupt"),
        ({"action": ["drop"]}, "action is one of drop, delay, duplicate, corrupt"),
        ({"action": "delay"}, "a delay takes delay_seconds above 0, other actions none"),
        ({"action": "drop", "delay_seconds": 1}, "a delay takes delay_seconds above 0, other actions none"),
        ({"action": "delay", "delay_seconds": 3601}, "delay_seconds is a number from 0 to 3600"),
        ({"action": "delay", "delay_seconds": float("nan")}, "delay_seconds is a number from 0 to 3600"),
        ({"action": "drop", "probability": 1.1}, "probability is a number from 0 to 1"),
        ({"action": "drop", "probability": True}, "probability is a number from 0 to 1"),
        ({"action": "drop", "count": 0}, f"count is a number from 1 to {2**53}"),
        ({"action": "drop", "count": 1.5}, "count is a whole number"),
        ({"action": "drop", "skip": -1}, f"skip is a number from 0 to {2**53}"),
        ({"action": "drop", "seed": "7"}, f"seed is a number from 0 to {2**53}"),
        ({"action": "drop", "expires_seconds": -1}, f"expires_seconds is a number from 0 to {2**53}"),
    ],
)
def test_senseless_fault_is_refused(fields, reason):
    async def scenario(broker):
        assert await broker.ask("POST minova/faults", FOR_BUILDS | fields) == (
            400,
            {"error": "bad_request", "reason": reason},
        )
        assert await broker.ask("GET minova/faults") == (200, [])

    run(scenario)


def test_rules_are_limited_in_number():
    async def scenario(broker):
        for _ in range(debugging.MOST_RULES):
            assert (await broker.ask("POST minova/holds", FOR_BUILDS))[0] == 201
        status, refusal = await broker.ask("POST minova/holds", FOR_BUILDS)
        assert (status, refusal["reason"]) == (400, "there are 100 rules already: clear some")

    run(scenario)
