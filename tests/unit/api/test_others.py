# SPDX-License-Identifier: Apache-2.0
"""Flavors, images, services, hypervisors, limits, zones."""

import pytest

from tests import records
from tests.unit.api.conftest import IMAGE

_FLAVOR = {"name": "big", "id": "big", "ram": 1024, "vcpus": 2, "disk": 10}


def test_flavor_has_the_fields_of_nova(api):
    flavor = api.get("/flavors/1")["flavor"]

    assert flavor.pop("links")
    assert flavor == {
        "id": "1",
        "name": "m1.tiny",
        "ram": 512,
        "disk": 1,
        "swap": "",
        "vcpus": 1,
        "rxtx_factor": 1.0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "os-flavor-access:is_public": True,
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["1", "2", "3", "4", "42", "5"]),
        ("minRam=8000", ["4", "5"]),
        ("minDisk=80", ["4", "5"]),
        ("sort_key=memory_mb&sort_dir=desc&limit=2", ["5", "4"]),
        ("limit=2&marker=2", ["3", "4"]),
        ("is_public=false", []),
        ("is_public=None", ["1", "2", "3", "4", "42", "5"]),
    ],
)
def test_flavor_filters(api, query, ids):
    for path in ("/flavors", "/flavors/detail"):
        assert [flavor["id"] for flavor in api.get(f"{path}?{query}")["flavors"]] == ids


def test_flavor_comes_and_goes(api):
    assert api.send("POST", "/flavors", {"flavor": _FLAVOR}).json["flavor"]["ram"] == 1024
    assert api.get("/flavors/big/os-extra_specs") == {"extra_specs": {}}
    assert api.send("POST", "/flavors", {"flavor": _FLAVOR}).status_code == 409
    assert api.send("DELETE", "/flavors/big").status_code == 202
    assert api.send("GET", "/flavors/big").status_code == 404


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": "auto"}])
def test_flavor_gets_an_id(api, given):
    body = {name: value for name, value in _FLAVOR.items() if name != "id"} | given

    flavorid = api.send("POST", "/flavors", {"flavor": body}).json["flavor"]["id"]

    assert len(flavorid) == 36


def test_private_flavors_are_for_administrators(api):
    private = {**_FLAVOR, "os-flavor-access:is_public": False}
    assert api.send("POST", "/flavors", {"flavor": private}).status_code == 200
    assert [flavor["id"] for flavor in api.get("/flavors?is_public=false")["flavors"]] == ["big"]

    api.token = "bob:blue"

    assert "big" not in [flavor["id"] for flavor in api.get("/flavors?is_public=None")["flavors"]]
    assert api.send("GET", "/flavors/big").status_code == 404
    server = {"name": "a", "flavorRef": "big", "imageRef": IMAGE}
    assert api.send("POST", "/servers", {"server": server}).status_code == 400
    assert api.send("POST", "/flavors", {"flavor": _FLAVOR}).status_code == 403
    assert api.send("DELETE", "/flavors/1").status_code == 403


def test_image_has_the_fields_of_nova(api):
    image = api.get(f"/images/{IMAGE}")["image"]

    assert [link["rel"] for link in image.pop("links")] == ["self", "bookmark", "alternate"]
    assert image.pop("created").endswith("Z")
    assert image.pop("updated").endswith("Z")
    assert image == {
        "id": IMAGE,
        "name": "cirros",
        "status": "ACTIVE",
        "progress": 100,
        "minDisk": 0,
        "minRam": 0,
        "metadata": {"architecture": "x86_64"},
        "OS-EXT-IMG-SIZE:size": 21692416,
    }


def test_image_filters_and_pages(api):
    assert [image["name"] for image in api.get("/images?name=cirros")["images"]] == ["cirros"]
    first = api.get("/images/detail?limit=2")
    rest = api.get(first["images_links"][0]["href"].removeprefix("http://localhost"))
    assert [image["name"] for image in first["images"] + rest["images"]] == [
        "cirros",
        "debian-12",
        "ubuntu-24.04",
    ]


@pytest.fixture
def host(api):
    records.add_host(api.database, "host1")
    return "host1"


def test_service_has_the_fields_of_nova(api, host):
    [service] = api.get("/os-services?binary=minova-compute&host=host1")["services"]

    assert service.pop("uuid")
    assert service.pop("updated_at")
    assert service == {
        "id": 1,
        "binary": "minova-compute",
        "host": "host1",
        "zone": "nova",
        "status": "enabled",
        "state": "up",
        "disabled_reason": None,
        "forced_down": False,
    }
    assert api.get("/os-services?host=other")["services"] == []


@pytest.mark.parametrize(
    ("action", "further", "shown", "changed"),
    [
        ("disable", {}, {"status": "disabled"}, {"status": "disabled"}),
        (
            "disable-log-reason",
            {"disabled_reason": "repair"},
            {"status": "disabled", "disabled_reason": "repair"},
            {"status": "disabled", "disabled_reason": "repair"},
        ),
        ("enable", {}, {"status": "enabled"}, {"status": "enabled", "disabled_reason": None}),
        ("force-down", {"forced_down": True}, {"forced_down": True}, {"forced_down": True, "state": "down"}),
    ],
)
def test_actions_on_services(api, host, action, further, shown, changed):
    named = {"host": host, "binary": "minova-compute"}

    response = api.send("PUT", f"/os-services/{action}", {**named, **further})

    assert response.json == {"service": {**named, **shown}}
    [service] = api.get("/os-services")["services"]
    assert {name: service[name] for name in changed} == changed


def test_service_is_changed_by_its_uuid(api, host):
    [service] = api.get("/os-services")["services"]
    path = f"/os-services/{service['uuid']}"

    disabled = api.send("PUT", path, {"status": "disabled", "disabled_reason": "x"}).json["service"]
    assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "x")
    enabled = api.send("PUT", path, {"status": "enabled"}).json["service"]
    assert (enabled["status"], enabled["disabled_reason"]) == ("enabled", None)
    assert api.send("DELETE", path).status_code == 204
    assert api.get("/os-services")["services"] == []
    assert api.get("/os-hypervisors")["hypervisors"] == []


def test_compute_with_instances_is_not_deleted(api, host):
    [service] = api.get("/os-services")["services"]
    records.add_instance(api.database, host=host)

    assert api.send("DELETE", f"/os-services/{service['uuid']}").status_code == 409


def test_hypervisors(api, host):
    [summary] = api.get("/os-hypervisors")["hypervisors"]
    assert summary == {"id": 1, "hypervisor_hostname": host, "state": "up", "status": "enabled"}
    [detail] = api.get("/os-hypervisors/detail")["hypervisors"]
    assert detail == api.get("/os-hypervisors/1")["hypervisor"]
    assert (detail["vcpus"], detail["free_ram_mb"], detail["service"]["host"]) == (16, 32768, host)
    assert api.get("/os-hypervisors/statistics")["hypervisor_statistics"]["count"] == 1
    assert api.get("/os-hypervisors/ost/search")["hypervisors"] == [summary]
    assert api.get("/os-hypervisors/ost/servers")["hypervisors"] == [summary]


def test_administration_is_for_administrators(api, host):
    api.token = "bob:blue"
    named = {"host": host, "binary": "minova-compute"}

    for method, path, body in [
        ("GET", "/os-services", None),
        ("PUT", "/os-services/disable", named),
        ("PUT", "/os-services/some-uuid", {"status": "disabled"}),
        ("DELETE", "/os-services/some-uuid", None),
        ("GET", "/os-hypervisors", None),
        ("GET", "/os-hypervisors/detail", None),
        ("GET", "/os-hypervisors/statistics", None),
        ("GET", "/os-hypervisors/1", None),
        ("GET", "/os-availability-zone/detail", None),
    ]:
        response = api.send(method, path, body)
        assert response.status_code == 403, (method, path)
        assert "forbidden" in response.json


def test_limits_count_what_lives(api):
    api.boot(flavorRef="3", min_count=2)

    absolute = api.get("/limits")["limits"]["absolute"]

    used = {name: absolute[name] for name in ("totalInstancesUsed", "totalCoresUsed", "totalRAMUsed")}
    assert used == {"totalInstancesUsed": 2, "totalCoresUsed": 4, "totalRAMUsed": 8192}
    assert api.get("/limits?tenant_id=other")["limits"]["absolute"]["totalInstancesUsed"] == 0


def test_zones(api, host):
    assert api.get("/os-availability-zone")["availabilityZoneInfo"] == [
        {"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}
    ]
    [zone] = api.get("/os-availability-zone/detail")["availabilityZoneInfo"]
    assert zone["hosts"]["host1"]["minova-compute"]["available"] is True
