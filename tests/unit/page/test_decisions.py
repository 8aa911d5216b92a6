# SPDX-License-Identifier: Apache-2.0
"""/api/decisions: a scheduling decision as a table of hosts by filters and weights."""

import datetime

import pytest

from minova.db import decisions

SERVER = "u1"
DECISION = {
    "hosts": 4,
    "filters": [
        {"name": "ComputeFilter", "removed": 1, "hosts": {"host1": "it is down"}},
        {"name": "RamFilter", "removed": 1, "hosts": {"host2": "64 MB are free, 512 MB are asked for"}},
    ],
    "left": 2,
    "weights": [
        {"host": "host3", "weight": 1.5, "weighers": {"RAMWeigher": 1.0, "CPUWeigher": 0.5}},
        {"host": "host4", "weight": 0.0, "weighers": {"RAMWeigher": 0.0, "CPUWeigher": 0.0}},
    ],
    "host": "host3",
    "alternates": ["host4"],
}


@pytest.fixture
def decided(database):
    row = {
        "instance_uuid": SERVER,
        "request_id": "req-1",
        "attempt": 0,
        "host": "host3",
        "decision": DECISION,
    }
    undone = {**DECISION, "undone": "its claim was refused"}
    with database.writer() as conn:
        decisions.insert(conn, [row, {**row, "attempt": 1, "host": None, "decision": undone}])


def test_each_host_has_a_row_and_each_filter_an_answer(client, decided):
    first, _ = client.get(f"/api/decisions/{SERVER}").json["decisions"]
    answers = {
        row["host"]: [row["filters"][each["name"]]["answer"] for each in first["filters"]]
        for row in first["hosts"]
    }
    assert list(answers) == ["host3", "host4", "host1", "host2"]
    assert answers["host1"] == ["refused", "not asked"]
    assert answers["host2"] == ["passed", "refused"]
    assert answers["host3"] == ["passed", "passed"]
    refused = first["hosts"][3]["filters"]["RamFilter"]
    assert refused["reason"] == "64 MB are free, 512 MB are asked for"


def test_the_chosen_host_and_its_weights_are_told(client, decided):
    first, _ = client.get(f"/api/decisions/{SERVER}").json["decisions"]
    assert (first["attempt"], first["host"], first["alternates"]) == (1, "host3", ["host4"])
    assert (first["considered"], first["left"]) == (4, 2)
    assert [row["chosen"] for row in first["hosts"]] == [True, False, False, False]
    assert first["hosts"][0]["weighers"] == {"RAMWeigher": 1.0, "CPUWeigher": 0.5}
    assert first["weighers"] == ["CPUWeigher", "RAMWeigher"]
    moment = datetime.datetime.fromisoformat(first["time"])
    assert abs(moment - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(hours=1)


def test_a_choice_that_did_not_stand_says_so(client, decided):
    _, second = client.get(f"/api/decisions/{SERVER}").json["decisions"]
    assert (second["attempt"], second["host"], second["undone"]) == (2, None, "its claim was refused")


def test_of_an_unknown_server_there_is_none(client, database):
    assert client.get("/api/decisions/nobody").json == {"decisions": []}


def test_records_that_cannot_be_read_are_told(client, conf, tmp_path):
    # No table in it yet.
    conf.config(state_path=str(tmp_path))
    answer = client.get(f"/api/decisions/{SERVER}")
    assert answer.status_code == 503
    assert answer.json["error"]["message"].startswith("The records cannot be read: ")
