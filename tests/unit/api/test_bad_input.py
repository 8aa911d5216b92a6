# SPDX-License-Identifier: Apache-2.0
"""Bad input of every kind is a 4xx fault that changes nothing and sends nothing."""

import json

import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova.db import instance_lists
from tests import fake_bus, records
from tests.unit.api.conftest import IMAGE, NETWORK, make_api

_ZERO = "00000000-0000-0000-0000-000000000000"
_GOOD = {"name": "a", "flavorRef": "1", "imageRef": IMAGE}


def _server(**further):
    return json.dumps({"server": {**_GOOD, **further}}).encode()


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """One for all: whatever is refused leaves it as it was."""
    conf = config_fixture.Config(minova.conf.CONF)
    conf.setUp()
    conf.conf([], project="minova", default_config_files=[])
    database = records.make_database(tmp_path_factory.mktemp("bad_input"))
    yield make_api(database, fake_bus.FakeBus())
    database.dispose()
    conf.cleanUp()


_BODIES = {
    "nothing": b"",
    "half": b"{",
    "array": b"[]",
    "null": b"null",
    "string": b'"x"',
    "empty": b"{}",
    "null server": b'{"server": null}',
    "array for server": b'{"server": []}',
    "number for name": b'{"server": {"name": 1}}',
    "name alone": b'{"server": {"name": "a"}}',
    "no image": b'{"server": {"name": "a", "flavorRef": "1"}}',
    "not UTF-8": b"\xff\xfe\x00",
    "deep arrays": b"[" * 100000,
    "deep objects": b'{"server":' * 5000 + b"1" + b"}" * 5000,
    "deep in a free place": b'{"server": {}, "os:scheduler_hints": '
    + b'{"a":' * 900
    + b"1"
    + b"}" * 900
    + b"}",
    "huge": b'{"server": "' + b"x" * 200000 + b'"}',
    "huge number": b'{"server": {"name": "a", "flavorRef": ' + b"9" * 5000 + b"}}",
    "NaN": b'{"server": {"name": "a", "flavorRef": NaN}}',
    "infinity": b'{"server": {"name": "a", "flavorRef": 1e999}}',
    "repeated key": b'{"server": {}, "server": {}}',
    "NUL": b'{"server": {"name": "a\\u0000b", "flavorRef": "1"}}',
    "half a surrogate pair": b'{"server": {"name": "\\ud800", "flavorRef": "1"}}',
    "long name": _server(name="a" * 256),
    "empty name": _server(name=""),
    "blank at the end": _server(name="a "),
    "line feed in the name": _server(name="a\nb"),
    "unknown flavor": _server(flavorRef="nope"),
    "object for flavor": _server(flavorRef={"a": 1}),
    "unknown image": _server(imageRef=_ZERO),
    "empty image": _server(imageRef=""),
    "unknown key": _server(color="red"),
    "negative count": _server(min_count=-1),
    "no instances": _server(min_count=0),
    "fractional count": _server(min_count=1.5),
    "boolean count": _server(min_count=True),
    "word for count": _server(min_count="two"),
    "min over max": _server(min_count=5, max_count=2),
    "huge count": _server(min_count=2**70),
    "long metadata value": _server(metadata={"k": "v" * 256}),
    "long metadata key": _server(metadata={"k" * 256: "v"}),
    "empty metadata key": _server(metadata={"": "v"}),
    "line feed after metadata key": _server(metadata={"k\n": "v"}),
    "number in metadata": _server(metadata={"k": 1}),
    "array for metadata": _server(metadata=[]),
    "hypervisor cannot do that": _server(metadata={"minova:fail": "dance"}),
    "unknown network": _server(networks=[{"uuid": _ZERO}]),
    "network that is no uuid": _server(networks=[{"uuid": "private"}]),
    "network twice": _server(networks=[{"uuid": NETWORK}, {"uuid": NETWORK}]),
    "port": _server(networks=[{"port": _ZERO}]),
    "networks none before 2.37": _server(networks="none"),
    "unknown zone": _server(availability_zone="mars"),
    "unknown host": _server(availability_zone="nova:nowhere"),
    "node of another host": _server(availability_zone="nova:a:b"),
    "too many parts of a zone": _server(availability_zone="nova:a:b:c"),
    "volume": _server(block_device_mapping_v2=[{"source_type": "volume"}]),
    "user data that is not base64": _server(user_data="%%%"),
    "hints of numbers": _server(**{"os:scheduler_hints": {"group": 1}}),
    "key": _server(key_name="mine"),
}


@pytest.mark.parametrize("raw", _BODIES.values(), ids=_BODIES)
def test_refused_create_changes_and_sends_nothing(api, raw):
    response = api.send("POST", "/v2.1/servers", raw=raw)

    assert_fault(response)
    with api.database.reader() as conn:
        assert instance_lists.find(conn, instance_lists.Query(deleted=None)) == []
    assert api.bus.messages == []


_REQUESTS = [
    ("GET", "/v2.1/servers/nope", None, 404),
    ("GET", "/v2.1/servers/%00", None, 400),
    ("GET", "/v2.1/servers/%ff", None, 404),
    ("GET", f"/v2.1/servers/{'a' * 5000}", None, 404),
    ("DELETE", f"/v2.1/servers/{_ZERO}", None, 404),
    ("PUT", f"/v2.1/servers/{_ZERO}", {"server": {"name": "b"}}, 404),
    ("GET", "/v2.1/nothing", None, 404),
    ("GET", "/v2.1/nothing/servers/x/y", None, 400),
    ("GET", "/v2.2/servers", None, 404),
    ("PUT", "/v2.1/servers", {}, 405),
    ("OPTIONS", "/v2.1/servers", None, 405),
    ("BREW", "/v2.1/servers", None, 405),
    ("GET", "/v2.1/servers?limit=x", None, 400),
    ("GET", "/v2.1/servers?limit=-1", None, 400),
    ("GET", "/v2.1/servers?limit=%D9%A3", None, 400),
    ("GET", f"/v2.1/servers?limit={'9' * 30}", None, 400),
    ("GET", "/v2.1/servers?marker=x", None, 400),
    ("GET", "/v2.1/servers?name=[", None, 400),
    ("GET", "/v2.1/servers?name=%00", None, 400),
    ("GET", "/v2.1/servers?name=(a%2B)%2B$", None, 400),
    ("GET", "/v2.1/servers?name=a*a*a*a*b", None, 400),
    ("GET", f"/v2.1/servers?name={'a' * 256}", None, 400),
    ("GET", "/v2.1/servers?changes-since=yesterday", None, 400),
    ("GET", "/v2.1/servers?changes-since=0001-01-01T00:00:00%2B14:00", None, 400),
    ("GET", "/v2.1/servers?sort_key=color", None, 400),
    ("GET", "/v2.1/servers?sort_key=name&sort_dir=up", None, 400),
    ("GET", "/v2.1/servers?all_tenants=perhaps", None, 400),
    ("GET", "/v2.1/servers?power_state=x", None, 400),
    ("GET", "/v2.1/flavors?minRam=x", None, 400),
    ("GET", "/v2.1/flavors?limit=-1", None, 400),
    ("GET", "/v2.1/flavors?marker=x", None, 400),
    ("GET", "/v2.1/flavors?sort_key=x", None, 400),
    ("GET", "/v2.1/flavors?is_public=x", None, 400),
    ("GET", "/v2.1/flavors/nope", None, 404),
    ("GET", "/v2.1/images/nope", None, 404),
    ("GET", "/v2.1/images?marker=x", None, 400),
    ("DELETE", "/v2.1/flavors/nope", None, 404),
    ("POST", "/v2.1/flavors", {"flavor": {"name": "a", "ram": 1, "vcpus": 0, "disk": 0}}, 400),
    ("POST", "/v2.1/flavors", {"flavor": {"name": "a", "ram": 2**31, "vcpus": 1, "disk": 0}}, 400),
    ("POST", "/v2.1/flavors", {"flavor": {"name": "m1.tiny", "ram": 1, "vcpus": 1, "disk": 0}}, 409),
    ("POST", "/v2.1/flavors", {"flavor": {"name": "a", "id": "1", "ram": 1, "vcpus": 1, "disk": 0}}, 409),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"os-stop": None}, 404),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"dance": None}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"os-stop": None, "os-start": None}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"reboot": {"type": "GENTLE"}}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"reboot": None}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"evacuate": {"onSharedStorage": False}}, 404),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"evacuate": {}}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"evacuate": {"onSharedStorage": "perhaps"}}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"evacuate": {"onSharedStorage": False, "host": "a b"}}, 400),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"evacuate": {"onSharedStorage": False, "force": True}}, 400),
    (
        "POST",
        f"/v2.1/servers/{_ZERO}/action",
        {"evacuate": {"onSharedStorage": True, "adminPass": "x"}},
        400,
    ),
    ("POST", f"/v2.1/servers/{_ZERO}/action", {"os-getConsoleOutput": {"length": -2}}, 400),
    ("GET", f"/v2.1/servers/{_ZERO}/os-instance-actions", None, 404),
    ("GET", f"/v2.1/servers/{_ZERO}/metadata", None, 404),
    ("GET", "/v2.1/os-hypervisors/1", None, 404),
    ("GET", f"/v2.1/os-hypervisors/{'9' * 40}", None, 404),
    ("GET", "/v2.1/os-hypervisors/x/servers", None, 404),
    ("PUT", "/v2.1/os-services/enable", {"host": "h", "binary": "minova-compute"}, 404),
    ("PUT", "/v2.1/os-services/enable", {"host": "h"}, 400),
    ("PUT", "/v2.1/os-services/disable-log-reason", {"host": "h", "binary": "b"}, 400),
    ("PUT", f"/v2.1/os-services/{_ZERO}", {"status": "disabled"}, 404),
    ("PUT", f"/v2.1/os-services/{_ZERO}", {"disabled_reason": "x"}, 400),
    ("PUT", f"/v2.1/os-services/{_ZERO}", {}, 400),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"), _REQUESTS, ids=[f"{row[0]} {row[1][:60]}" for row in _REQUESTS]
)
def test_refused_request_is_a_fault(api, method, path, body, status):
    response = api.send(method, path, body)

    assert_fault(response)
    assert response.status_code == status
    assert api.bus.messages == []


def test_other_content_type_is_refused_with_a_hint(api):
    response = api.send("POST", "/servers", raw=_server(), content_type="application/x-www-form-urlencoded")

    assert response.status_code == 415
    assert "Content-Type: application/json" in response.json["badMediaType"]["message"]


def test_too_long_a_body_is_413(api):
    response = api.send("POST", "/servers", raw=_BODIES["huge"])

    assert response.status_code == 413
    assert response.json["overLimit"]["code"] == 413


def assert_fault(response):
    assert 400 <= response.status_code < 500, response.text
    assert response.mimetype == "application/json"
    [inner] = response.json.values()
    assert inner["code"] == response.status_code
    assert inner["message"]
