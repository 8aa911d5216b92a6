# SPDX-License-Identifier: Apache-2.0
"""/api/servers, /api/hosts and /api/choices: the Compute API as the page shows and uses it."""

import pytest

from minova.up.api_client import ApiError

SERVER = {
    "id": "u1",
    "name": "web",
    "status": "ERROR",
    "OS-EXT-STS:vm_state": "error",
    "OS-EXT-STS:task_state": None,
    "OS-EXT-SRV-ATTR:host": "host1",
    "flavor": {"id": "1"},
    "image": "",
    "addresses": {"private": [{"addr": "10.0.0.3"}], "other": [{"addr": "10.1.0.3"}]},
    "metadata": {"a": "b"},
    "created": "2030-01-01T10:00:00Z",
    "updated": "2030-01-01T10:00:01Z",
    "fault": {"code": 500, "message": "No valid host was found."},
}
BOOT = {"name": "web", "flavor": "1", "image": "i1"}


def error(answer):
    return answer.status_code, answer.json["error"]["message"]


def test_servers_are_listed(client, page):
    page.api.answers["GET", "/servers/detail"] = {"servers": [SERVER]}
    assert client.get("/api/servers").json["servers"] == [
        {
            "id": "u1",
            "name": "web",
            "status": "ERROR",
            "vm_state": "error",
            "task_state": None,
            "host": "host1",
            "flavor": "1",
            "image": None,
            "addresses": ["10.0.0.3", "10.1.0.3"],
            "metadata": {"a": "b"},
            "created": "2030-01-01T10:00:00Z",
            "updated": "2030-01-01T10:00:01Z",
            "fault": "No valid host was found.",
        }
    ]
    assert page.api.sent == [("GET", "/servers/detail?all_tenants=1&limit=500", None)]


def test_hosts_are_listed_with_their_last_report(client, page):
    amounts = dict.fromkeys(("vcpus", "memory_mb", "local_gb"), 8)
    used = dict.fromkeys(("vcpus_used", "memory_mb_used", "local_gb_used"), 1)
    row = {
        "service": {"host": "host1"},
        "state": "up",
        "status": "enabled",
        "running_vms": 1,
        **amounts,
        **used,
    }
    page.api.answers["GET", "/os-services"] = {"services": [{"host": "host1", "updated_at": "2030"}]}
    page.api.answers["GET", "/os-hypervisors/detail"] = {"hypervisors": [row]}
    (host,) = client.get("/api/hosts").json["hosts"]
    assert (host["host"], host["state"], host["vcpus_used"], host["reported_at"]) == (
        "host1",
        "up",
        1,
        "2030",
    )


def test_what_one_may_boot_is_listed(client, page):
    flavor = {"id": "1", "name": "tiny", "vcpus": 1, "ram": 64, "disk": 1}
    page.api.answers["GET", "/flavors/detail"] = {"flavors": [{**flavor, "swap": ""}]}
    page.api.answers["GET", "/images"] = {"images": [{"id": "i1", "name": "cirros", "links": []}]}
    expected = {"flavors": [flavor], "images": [{"id": "i1", "name": "cirros"}]}
    assert client.get("/api/choices").json == expected


@pytest.mark.parametrize(
    ("further", "sent"),
    [
        ({}, {}),
        ({"count": 3}, {"min_count": 3, "max_count": 3}),
        ({"host": "host2"}, {"availability_zone": "nova:host2"}),
        ({"metadata": {"minova:fail": "spawn"}}, {"metadata": {"minova:fail": "spawn"}}),
    ],
)
def test_a_server_is_booted(client, page, further, sent):
    page.api.answers["POST", "/servers"] = {"server": {"id": "u1"}}
    answer = client.post("/api/servers", json={**BOOT, **further})
    assert (answer.status_code, answer.json) == (202, {"id": "u1", "request_id": "req-1"})
    server = {"name": "web", "flavorRef": "1", "imageRef": "i1", **sent}
    assert page.api.sent == [("POST", "/servers", {"server": server})]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "'name' is a required property"),
        ({**BOOT, "name": ""}, "['name']"),
        ({**BOOT, "name": 7}, "['name']"),
        ({**BOOT, "count": 0}, "['count']"),
        ({**BOOT, "count": 101}, "['count']"),
        ({**BOOT, "count": True}, "['count']"),
        ({**BOOT, "metadata": {"a": 1}}, "['metadata']['a']"),
        ({**BOOT, "flavour": "1"}, "'flavour' was unexpected"),
    ],
)
def test_a_wrong_boot_is_refused_before_the_api_is_asked(client, page, body, said):
    code, sentence = error(client.post("/api/servers", json=body))
    assert code == 400
    assert said in sentence
    assert page.api.sent == []


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("reboot", {"reboot": {"type": "SOFT"}}),
        ("stop", {"os-stop": None}),
        ("start", {"os-start": None}),
        ("evacuate", {"evacuate": {"onSharedStorage": False}}),
    ],
)
def test_a_server_is_acted_on(client, page, action, body):
    page.api.answers["POST", "/servers/u1/action"] = None
    answer = client.post(f"/api/servers/u1/{action}", json={})
    assert (answer.status_code, answer.json) == (202, {"request_id": "req-1"})
    assert page.api.sent == [("POST", "/servers/u1/action", body)]


def test_a_server_is_deleted(client, page):
    page.api.answers["DELETE", "/servers/u1"] = None
    answer = client.delete("/api/servers/u1")
    assert (answer.status_code, answer.json) == (202, {"request_id": "req-1"})


def test_an_id_cannot_lead_to_another_path(client, page):
    client.delete("/api/servers/..%3Fx=1")
    assert page.api.sent == [("DELETE", "/servers/..%3Fx%3D1", None)]


def test_an_unknown_action_is_refused(client, page):
    code, sentence = error(client.post("/api/servers/u1/migrate", json={}))
    assert (code, "there are reboot, stop, start, evacuate" in sentence) == (404, True)
    assert page.api.sent == []


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_what_the_api_refuses_is_told_as_it_says_it(client, page, status):
    page.api.answers["DELETE", "/servers/u1"] = ApiError("long", status, "It does not go.")
    assert error(client.delete("/api/servers/u1")) == (status, "It does not go.")


@pytest.mark.parametrize("path", ["/api/servers", "/api/hosts", "/api/choices"])
def test_an_api_that_is_away_is_told(client, path):
    assert error(client.get(path)) == (503, "The Compute API does not help: it is away")


def test_an_api_that_fails_is_told(client, page):
    page.api.answers["GET", "/servers/detail"] = ApiError("long", 500, "Unexpected.")
    assert error(client.get("/api/servers")) == (503, "The Compute API does not help: Unexpected.")
