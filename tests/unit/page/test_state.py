# SPDX-License-Identifier: Apache-2.0
"""/api/state: whether all can be seen, and what to do where not."""

import time


def test_a_page_beside_minova_up(client, managed, tmp_path):
    state = client.get("/api/state").json
    assert abs(state["time"] - time.time()) < 60
    assert (state["minova"]["managed"], state["minova"]["hosts"], state["minova"]["started"]) == (
        True,
        3,
        1000.0,
    )
    assert state["minova"]["state_path"] == str(tmp_path)
    assert state["bus"]["embedded"] is True
    assert state["trace"] == {
        "requests": 1,
        "messages": 6,
        "recording": {"path": "/nowhere", "max_bytes": 1, "reason": None},
    }
    assert state["listeners"] == {"now": 0, "most": 2}


def test_a_page_alone(client):
    state = client.get("/api/state").json
    assert state["minova"]["managed"] is False
    assert (state["minova"]["started"], state["bus"]["embedded"]) == (None, None)


def test_a_record_that_cannot_be_read_is_as_none(client, tmp_path):
    (tmp_path / "up.json").write_text("{")
    assert client.get("/api/state").json["minova"]["managed"] is False


def test_what_is_to_be_done_is_told(client, page):
    page.bus.state = {"state": "connecting", "tracing": None, "reason": "No broker lets us in.", "hint": None}
    bus = client.get("/api/state").json["bus"]
    assert (bus["state"], bus["reason"]) == ("connecting", "No broker lets us in.")
