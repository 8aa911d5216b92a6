# SPDX-License-Identifier: Apache-2.0
"""/api/services: the processes of `minova up`, and what may be done to them."""

import pytest

from minova.up.orders import ACTIONS


def row(service, state, pid=2**22 + 1):
    return {
        "service": service,
        "kind": service.partition("-")[0],
        "pid": pid,
        "state": state,
        "restarts": 1,
    }


def error(answer):
    return answer.status_code, answer.json["error"]["message"]


def test_without_minova_up_there_are_none_and_it_says_why(client):
    listed = client.get("/api/services").json
    assert (listed["managed"], listed["services"]) == (False, [])
    assert "not started by `minova up`" in listed["reason"]


@pytest.mark.parametrize(
    ("state", "actions"),
    [
        ("running", ["kill", "restart", "stop", "pause"]),
        ("paused", ["kill", "restart", "stop", "resume"]),
        ("stopping", ["kill", "start"]),
        ("starting", ["stop"]),
        ("stopped", ["start"]),
        ("dead", ["start"]),
    ],
)
def test_what_may_be_done_depends_on_the_state(client, page, managed, state, actions):
    page.control.rows = [row("conductor-1", state)]
    (service,) = client.get("/api/services").json["services"]
    assert (service["name"], service["kind"], service["state"]) == ("conductor-1", "conductor", state)
    assert service["actions"] == actions
    assert (service["pid"] is None) == (state in ("starting", "stopped", "dead"))


def test_how_a_service_ended_is_told(client, page, managed):
    page.control.rows = [row("conductor-2", "dead")]
    (service,) = client.get("/api/services").json["services"]
    assert (service["outcome"], service["restart_at"], service["restarts"]) == ("signal SIGKILL", None, 1)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["conductor-1", "conductor"])
def test_an_order_is_passed_on(client, page, managed, action, name):
    answer = client.post(f"/api/services/{name}/{action}", json={})
    assert (answer.status_code, answer.json) == (200, {"done": f"{name}: {action}."})
    assert page.control.orders == [(action, name)]
    assert page.changes.wait(0, 0).what == ["services", "topology"]


@pytest.mark.parametrize(
    ("name", "action", "code"),
    [
        ("nobody", "kill", 404),
        ("db sync", "kill", 404),
        ("broker", "explode", 404),
        ("page", "kill", 409),
        ("page", "stop", 409),
        ("page", "pause", 409),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(client, page, managed, name, action, code):
    assert error(client.post(f"/api/services/{name}/{action}", json={}))[0] == code
    assert page.control.orders == []


def test_the_page_may_be_restarted(client, page, managed):
    page.control.rows = [row("page", "running")]
    assert client.get("/api/services").json["services"][0]["actions"] == ["restart"]
    assert client.post("/api/services/page/restart", json={}).status_code == 200


def test_what_minova_up_refuses_is_told(client, page, managed):
    page.control.error = "broker (pid 11) runs already."
    assert error(client.post("/api/services/broker/start", json={})) == (409, "broker (pid 11) runs already.")
    assert error(client.get("/api/services")) == (503, "broker (pid 11) runs already.")


def test_without_minova_up_nothing_is_killed(client, page):
    assert error(client.post("/api/services/broker/kill", json={}))[0] == 409
    assert page.control.orders == []
