# SPDX-License-Identifier: Apache-2.0
"""/api/debug: holds and faults on the bus."""

import pytest

from minova.debug.client import DebugError


def test_all_is_told_at_once(client):
    looked = client.get("/api/debug").json
    assert looked == {"available": True, "reason": None, "holds": [{"id": 1}], "held": [], "faults": []}


def test_on_another_broker_it_says_what_is_needed(client, page):
    page.debug_client.error = DebugError("Holds and faults on the bus need the embedded broker.")
    looked = client.get("/api/debug").json
    assert (looked["available"], looked["holds"]) == (False, [])
    assert looked["reason"] == "Holds and faults on the bus need the embedded broker."
    refused = client.post("/api/debug/step", json={})
    assert (refused.status_code, refused.json["error"]["message"]) == (409, looked["reason"])


@pytest.mark.parametrize(
    ("method", "path", "body", "order"),
    [
        ("POST", "holds", {"method": "build_*"}, ("add_hold", {"method": "build_*"})),
        ("POST", "holds", {"kinds": ["cast"]}, ("add_hold", {"kinds": ["cast"]})),
        ("DELETE", "holds", None, ("clear_holds", None)),
        ("DELETE", "holds/7", None, ("clear_holds", 7)),
        ("POST", "step", {}, ("step", None)),
        ("POST", "step", {"id": 7}, ("step", 7)),
        ("POST", "faults", {"action": "drop", "count": 5}, ("add_fault", {"action": "drop", "count": 5})),
    ],
)
def test_an_order_is_passed_on_and_told(client, page, method, path, body, order):
    answer = client.open(f"/api/debug/{path}", method=method, json=body)
    assert answer.status_code in (200, 201)
    assert page.debug_client.orders == [order]
    assert page.changes.wait(0, 0).what == ["debugger"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("holds", {"self": "x"}),
        ("holds", {"methods": "x"}),
        ("faults", {"method": "x"}),
        ("step", {"id": "7"}),
        ("step", {"id": True}),
    ],
)
def test_a_body_that_is_not_understood_is_refused(client, page, path, body):
    assert client.post(f"/api/debug/{path}", json=body).status_code == 400
    assert page.debug_client.orders == []


def test_what_the_broker_refuses_is_told(client):
    answer = client.post("/api/debug/step", json={"id": 99})
    assert (answer.status_code, answer.json["error"]["message"]) == (404, "There is no held message 99.")
