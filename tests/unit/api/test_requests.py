# SPDX-License-Identifier: Apache-2.0
"""What every request meets: who asks, paths, microversions, headers."""

import re

import pytest

_REQUEST_ID = re.compile(r"req-[0-9a-f-]{36}")


@pytest.mark.parametrize("path", ["/servers", "/v2.1/servers", "/v2.1/default/servers", "/v2.1/servers/"])
def test_one_resource_under_every_prefix(api, path):
    assert api.get(path) == {"servers": []}


def test_project_in_the_path_has_to_be_that_of_the_token(api):
    response = api.send("GET", "/v2.1/other/servers")

    assert response.status_code == 400
    assert "doesn't match Context's project_id" in response.json["badRequest"]["message"]


def test_links_repeat_the_project_of_the_path(api):
    [flavor, *_] = api.get("/v2.1/default/flavors")["flavors"]

    assert flavor["links"] == [
        {"rel": "self", "href": "http://localhost/v2.1/default/flavors/1"},
        {"rel": "bookmark", "href": "http://localhost/default/flavors/1"},
    ]


@pytest.mark.parametrize("path", ["/v2.1", "/v2.1/"])
def test_version_has_what_clients_discover_by(api, path):
    version = api.get(path)["version"]

    assert version["id"] == "v2.1"
    assert version["status"] == "CURRENT"
    assert version["min_version"] == "2.1"
    assert version["links"][0] == {"rel": "self", "href": "http://localhost/v2.1/"}


def test_versions_are_listed_at_the_root(api):
    assert [version["id"] for version in api.get("/")["versions"]] == ["v2.1"]


@pytest.mark.parametrize("path", ["/servers", "/servers/nope", "/nothing"])
def test_every_answer_names_its_request(api, path):
    headers = api.send("GET", path).headers

    assert _REQUEST_ID.fullmatch(headers["x-openstack-request-id"])
    assert headers["x-compute-request-id"] == headers["x-openstack-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"OpenStack-API-Version": "compute 2.1"},
        {"OpenStack-API-Version": "volume 3.0, compute 2.1"},
        {"OpenStack-API-Version": "volume 3.0"},
        {"X-OpenStack-Nova-API-Version": "2.1"},
        {"OpenStack-API-Version": "compute latest"},
    ],
)
def test_answer_tells_its_microversion(api, headers):
    response = api.send("GET", "/servers", headers=headers)

    assert response.status_code == 200
    assert response.headers["OpenStack-API-Version"] == "compute 2.1"
    assert response.headers["X-OpenStack-Nova-API-Version"] == "2.1"
    assert response.headers["Vary"] == "OpenStack-API-Version, X-OpenStack-Nova-API-Version"


@pytest.mark.parametrize(
    ("version", "status"),
    [("2.0", 406), ("2.9999", 406), ("3.0", 406), ("two", 400), ("2.1.1", 400), ("", 400)],
)
def test_other_microversions_are_refused(api, version, status):
    response = api.send("GET", "/servers", headers={"OpenStack-API-Version": f"compute {version}"})

    assert response.status_code == status


@pytest.mark.parametrize(
    ("token", "project"),
    [(None, "default"), ("notused", "default"), ("bob:blue", "blue"), ("bob", "bob"), ("admin:blue", "blue")],
)
def test_token_says_the_project(api, token, project):
    api.token = token
    uuid = api.boot()["server"]["id"]

    assert api.get(f"/servers/{uuid}")["server"]["tenant_id"] == project


@pytest.mark.parametrize("token", ["", ":blue", "b" * 256, "bob:" + "b" * 256, "b\u00f6b"])
def test_token_that_names_nobody_is_401(api, token):
    response = api.send("GET", "/servers", headers={"X-Auth-Token": token})

    assert response.status_code == 401
    assert response.json["unauthorized"]["code"] == 401


def test_message_carries_request_and_global_request(api):
    global_id = "req-00000000-1111-2222-3333-444444444444"
    contexts = []
    compute = api._client.application.extensions["minova"].compute
    compute._compute_task_api.build_instances = lambda context, _spec: contexts.append(context)

    server = {"name": "a", "flavorRef": "1", "imageRef": api.get("/images")["images"][0]["id"]}
    response = api.send("POST", "/servers", {"server": server}, headers={"X-OpenStack-Request-ID": global_id})

    [context] = contexts
    assert context.request_id == response.headers["x-openstack-request-id"]
    assert context.global_request_id == global_id
