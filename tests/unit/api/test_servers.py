# SPDX-License-Identifier: Apache-2.0
"""/servers: what is shown, found and changed."""

import pytest
import sqlalchemy as sa

from minova.api import statuses
from minova.db import actions
from minova.db.models import instances
from tests import records
from tests.unit.api.conftest import IMAGE


def change(api, uuid, **columns):
    """Do to an instance what other services would."""
    with api.database.writer() as conn:
        conn.execute(sa.update(instances).where(instances.c.uuid == uuid).values(**columns))


def make_active(api, uuid, host="host1"):
    change(api, uuid, vm_state="active", task_state=None, task_id=None, host=host, power_state=1)


def names(listing):
    return [server["name"] for server in listing["servers"]]


def test_create_answers_with_id_links_and_password(api):
    response = api.send(
        "POST", "/v2.1/servers", {"server": {"name": "bar", "flavorRef": "1", "imageRef": IMAGE}}
    )

    server = response.json["server"]
    assert set(server) == {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"}
    assert response.headers["Location"] == server["links"][0]["href"]


def test_create_can_answer_with_the_reservation(api):
    reservation_id = api.boot(min_count=2, return_reservation_id=True)["reservation_id"]

    found = api.get(f"/servers?reservation_id={reservation_id}")
    assert sorted(names(found)) == ["bar-1", "bar-2"]


@pytest.mark.parametrize(
    "server",
    [
        {"flavorRef": 1},
        {"flavorRef": "http://127.0.0.1/flavors/1"},
        {"imageRef": f"http://127.0.0.1/images/{IMAGE}"},
        {"min_count": "2", "max_count": 3},
        {"networks": []},
        {"metadata": {"minova:spawn_seconds": "0"}},
        {
            "imageRef": "",
            "block_device_mapping_v2": [
                {"boot_index": 0, "uuid": IMAGE, "source_type": "image", "destination_type": "local"}
            ],
        },
        {"OS-DCF:diskConfig": "AUTO", "config_drive": True, "user_data": "aGk=", "adminPass": "x"},
        {"security_groups": [{"name": "default"}]},
    ],
)
def test_create_takes_what_clients_send(api, server):
    api.boot(**server)

    assert api.bus.sent() == [("cast", "conductor", "build_instances")]


def test_server_has_the_fields_of_nova(api):
    uuid = api.boot(metadata={"a": "b"})["server"]["id"]
    make_active(api, uuid)
    network_info = [
        {"label": "private", "address": "10.0.0.2", "version": 4, "mac_address": "fa:16:0a:00:00:02"}
    ]
    change(api, uuid, network_info=network_info)

    server = api.get(f"/servers/{uuid}")["server"]

    created, updated = server.pop("created"), server.pop("updated")
    assert created.endswith("Z")
    assert updated.endswith("Z")
    assert len(server.pop("hostId")) == 56
    assert server == {
        "id": uuid,
        "name": "bar",
        "status": "ACTIVE",
        "tenant_id": "default",
        "user_id": "admin",
        "metadata": {"a": "b"},
        "progress": 0,
        "image": {
            "id": IMAGE,
            "links": [{"rel": "bookmark", "href": f"http://localhost/images/{IMAGE}"}],
        },
        "flavor": {"id": "1", "links": [{"rel": "bookmark", "href": "http://localhost/flavors/1"}]},
        "addresses": {
            "private": [
                {
                    "version": 4,
                    "addr": "10.0.0.2",
                    "OS-EXT-IPS:type": "fixed",
                    "OS-EXT-IPS-MAC:mac_addr": "fa:16:0a:00:00:02",
                }
            ]
        },
        "accessIPv4": "",
        "accessIPv6": "",
        "links": [
            {"rel": "self", "href": f"http://localhost/v2.1/servers/{uuid}"},
            {"rel": "bookmark", "href": f"http://localhost/servers/{uuid}"},
        ],
        "config_drive": "",
        "key_name": None,
        "security_groups": [{"name": "default"}],
        "OS-DCF:diskConfig": "MANUAL",
        "OS-EXT-AZ:availability_zone": "",
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:power_state": 1,
        "OS-SRV-USG:launched_at": None,
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [],
        "OS-EXT-SRV-ATTR:host": "host1",
        "OS-EXT-SRV-ATTR:hypervisor_hostname": "host1",
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{uuid[:8]}",
    }


def test_hosts_are_shown_to_administrators_only(api):
    api.token = "bob:blue"
    uuid = api.boot()["server"]["id"]
    make_active(api, uuid)

    server = api.get(f"/servers/{uuid}")["server"]

    assert [name for name in server if name.startswith("OS-EXT-SRV-ATTR")] == []
    assert server["hostId"] != ""


def test_zone_is_that_of_the_host(api):
    uuid = api.boot()["server"]["id"]
    records.add_host(api.database, "host1")
    make_active(api, uuid)

    assert api.get(f"/servers/{uuid}")["server"]["OS-EXT-AZ:availability_zone"] == "nova"


def test_fault_is_shown_in_error_only(api):
    uuid = api.boot()["server"]["id"]
    with api.database.writer() as conn:
        actions.add_fault(conn, uuid, 500, "No valid host was found.", details="filter by filter")
    assert "fault" not in api.get(f"/servers/{uuid}")["server"]

    change(api, uuid, vm_state="error", task_state=None)

    for server in (api.get(f"/servers/{uuid}")["server"], api.get("/servers/detail")["servers"][0]):
        assert server["fault"].pop("created").endswith("Z")
        assert server["fault"] == {
            "code": 500,
            "message": "No valid host was found.",
            "details": "filter by filter",
        }


def test_details_of_a_failure_are_for_administrators(api):
    api.token = "bob:blue"
    uuid = api.boot()["server"]["id"]
    with api.database.writer() as conn:
        actions.add_fault(conn, uuid, 500, "No valid host was found.", details="filter by filter")
    change(api, uuid, vm_state="error", task_state=None)

    assert "details" not in api.get(f"/servers/{uuid}")["server"]["fault"]


@pytest.mark.parametrize(
    ("vm_state", "task_state", "status"),
    [
        ("building", "scheduling", "BUILD"),
        ("building", "spawning", "BUILD"),
        ("active", None, "ACTIVE"),
        ("active", "powering-off", "ACTIVE"),
        ("active", "rebooting", "REBOOT"),
        ("active", "rebooting_hard", "HARD_REBOOT"),
        ("active", "deleting", "ACTIVE"),
        ("stopped", None, "SHUTOFF"),
        ("stopped", "powering-on", "SHUTOFF"),
        ("error", None, "ERROR"),
        ("deleted", None, "DELETED"),
    ],
)
def test_status_and_the_filter_by_it(api, vm_state, task_state, status):
    uuid = api.boot()["server"]["id"]
    change(api, uuid, vm_state=vm_state, task_state=task_state)

    assert statuses.status_of(vm_state, task_state) == status
    for asked in ("BUILD", "ACTIVE", "REBOOT", "HARD_REBOOT", "SHUTOFF", "ERROR", "DELETED", "NONSENSE"):
        found = api.get(f"/servers?status={asked.lower()}")["servers"]
        assert bool(found) == (asked == status), asked


def test_list_filters(api):
    zwei = api.boot(name="zwei", flavorRef="2")["server"]["id"]
    eins = api.boot(name="eins")["server"]["id"]
    make_active(api, eins, host="host7")

    assert names(api.get("/servers")) == ["eins", "zwei"]
    for query, found in {
        "name=ei": ["eins", "zwei"],
        "name=^ei": ["eins"],
        "name=s$": ["eins"],
        "host=host7": ["eins"],
        "flavor=2": ["zwei"],
        f"image={IMAGE}": ["eins", "zwei"],
        "image=none": [],
        "status=ACTIVE&status=BUILD": ["eins", "zwei"],
        "vm_state=active": ["eins"],
        f"uuid={zwei}": ["zwei"],
        "changes-since=2001-01-01T00:00:00Z": ["eins", "zwei"],
        "changes-since=2999-01-01T00:00:00Z": [],
        "color=red": ["eins", "zwei"],
        "sort_key=name&sort_dir=desc": ["zwei", "eins"],
        "sort_key=display_name&sort_dir=asc": ["eins", "zwei"],
        "sort_key=host&sort_dir=desc&sort_key=name&sort_dir=asc": ["eins", "zwei"],
        "limit=1": ["eins"],
        f"limit=1&marker={eins}": ["zwei"],
    }.items():
        assert names(api.get(f"/servers/detail?{query}")) == found, query


@pytest.mark.parametrize(
    "sort", ["", "&sort_key=name&sort_dir=asc", "&sort_key=host", "&sort_key=launched_at"]
)
def test_pages_are_the_list_cut_up(api, sort):
    api.boot(name="b", min_count=4)
    api.boot(name="a", min_count=3)
    whole = names(api.get(f"/servers?x=y{sort}"))

    pages, path = [], f"/servers?limit=3{sort}"
    while path:
        page = api.get(path)
        pages.append(names(page))
        path = (
            page["servers_links"][0]["href"].removeprefix("http://localhost")
            if "servers_links" in page
            else ""
        )

    assert [len(page) for page in pages] == [3, 3, 1]
    assert sum(pages, []) == whole


def test_full_last_page_links_to_an_empty_one(api):
    api.boot(min_count=2)

    first = api.get("/servers?limit=2")
    rest = api.get(first["servers_links"][0]["href"].removeprefix("http://localhost"))

    assert rest == {"servers": []}


def test_longest_page_is_configured(api, conf):
    conf.config(max_limit=2, group="api")
    api.boot(min_count=3)

    assert len(api.get("/servers")["servers"]) == 2
    assert len(api.get("/servers?limit=50")["servers"]) == 2
    assert len(api.get("/servers?limit=0")["servers"]) == 2


def test_deleted_servers_are_listed_to_who_asks(api):
    uuid = api.boot()["server"]["id"]
    assert api.send("DELETE", f"/servers/{uuid}").status_code == 204

    assert names(api.get("/servers")) == []
    assert names(api.get("/servers?deleted=true")) == ["bar"]
    assert names(api.get("/servers?status=deleted")) == ["bar"]
    [server] = api.get("/servers/detail?changes-since=2001-01-01T00:00:00Z")["servers"]
    assert server["status"] == "DELETED"


def test_projects_never_see_each_others_servers(api):
    api.token = "bob:blue"
    uuid = api.boot()["server"]["id"]
    make_active(api, uuid)
    api.bus.messages.clear()
    api.token = "eve:red"

    assert api.get("/servers") == {"servers": []}
    for method, path, body in [
        ("GET", "", None),
        ("PUT", "", {"server": {"name": "mine"}}),
        ("DELETE", "", None),
        ("POST", "/action", {"os-stop": None}),
        ("POST", "/action", {"os-getConsoleOutput": {}}),
        ("GET", "/os-instance-actions", None),
        ("GET", "/metadata", None),
        ("POST", "/metadata", {"metadata": {"a": "b"}}),
        ("DELETE", "/metadata/a", None),
    ]:
        assert api.send(method, f"/servers/{uuid}{path}", body).status_code == 404, (method, path)
    assert api.send("GET", f"/servers?marker={uuid}").status_code == 400
    assert api.send("GET", "/servers?all_tenants=1").status_code == 403
    assert api.send("GET", "/servers?status=deleted").status_code == 403
    assert api.bus.messages == []


def test_administrator_sees_all_projects_who_asks(api):
    api.token = "bob:blue"
    uuid = api.boot()["server"]["id"]
    api.token = "admin:red"

    assert names(api.get("/servers")) == []
    assert names(api.get("/servers?all_tenants=1")) == ["bar"]
    assert names(api.get("/servers?all_tenants")) == ["bar"]
    assert names(api.get("/servers?all_tenants=1&project_id=blue")) == ["bar"]
    assert names(api.get("/servers?all_tenants=1&project_id=red")) == []
    assert api.get(f"/servers/{uuid}")["server"]["name"] == "bar"


def test_rename(api):
    uuid = api.boot()["server"]["id"]

    server = api.send("PUT", f"/servers/{uuid}", {"server": {"name": "foo"}}).json["server"]

    assert server["name"] == "foo"
    assert "OS-EXT-STS:vm_state" not in server
    assert api.get(f"/servers/{uuid}")["server"]["name"] == "foo"


def test_metadata_is_added_replaced_and_deleted(api):
    uuid = api.boot(metadata={"a": "1"})["server"]["id"]
    path = f"/servers/{uuid}/metadata"

    assert api.send("POST", path, {"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert api.send("PUT", f"{path}/b", {"meta": {"b": "3"}}).json == {"meta": {"b": "3"}}
    assert api.get(f"{path}/b") == {"meta": {"b": "3"}}
    assert api.send("DELETE", f"{path}/a").status_code == 204
    assert api.send("DELETE", f"{path}/a").status_code == 404
    assert api.get(path) == {"metadata": {"b": "3"}}
    assert api.send("PUT", path, {"metadata": {}}).json == {"metadata": {}}
    assert api.send("POST", path, {"metadata": {"minova:fail": "dance"}}).status_code == 400


@pytest.mark.parametrize(
    ("body", "method"),
    [
        ({"os-stop": None}, "stop_instance"),
        ({"reboot": {"type": "SOFT"}}, "reboot_instance"),
        ({"reboot": {"type": "hard"}}, "reboot_instance"),
    ],
)
def test_action_is_202_and_one_cast(api, body, method):
    uuid = api.boot()["server"]["id"]
    make_active(api, uuid)
    api.bus.messages.clear()

    response = api.send("POST", f"/servers/{uuid}/action", body)

    assert response.status_code == 202
    assert response.data == b""
    assert api.bus.sent() == [("cast", "compute.host1", method)]


@pytest.mark.parametrize(
    ("wanted", "password"),
    [
        ({"onSharedStorage": False, "adminPass": "secret"}, "secret"),
        ({"onSharedStorage": "True"}, None),
        ({"onSharedStorage": False, "host": "host2"}, "made up"),
    ],
)
def test_evacuate_is_200_with_a_password_and_one_cast(api, wanted, password):
    records.add_host(api.database, "host2")
    uuid = api.boot()["server"]["id"]
    make_active(api, uuid)
    api.bus.messages.clear()

    response = api.send("POST", f"/servers/{uuid}/action", {"evacuate": wanted})

    assert (response.status_code, list(response.json)) == (200, ["adminPass"])
    given = response.json["adminPass"]
    assert len(given) == 12 if password == "made up" else given == password
    assert api.bus.sent() == [("cast", "conductor", "rebuild_instance")]
    assert api.get(f"/servers/{uuid}")["server"]["status"] == "REBUILD"
    assert names(api.get("/servers?status=REBUILD")) == ["bar"]


def test_console_output(api):
    uuid = api.boot()["server"]["id"]
    make_active(api, uuid)
    api.bus.replies["get_console_output"] = lambda instance, tail_length: f"{tail_length} lines"

    for wanted, output in [({"length": "5"}, "5 lines"), ({}, "None lines"), ({"length": -1}, "None lines")]:
        response = api.send("POST", f"/servers/{uuid}/action", {"os-getConsoleOutput": wanted})
        assert response.json == {"output": output}


def test_instance_actions(api):
    created = api.send("POST", "/servers", {"server": {"name": "bar", "flavorRef": "1", "imageRef": IMAGE}})
    path = f"/servers/{created.json['server']['id']}/os-instance-actions"
    request_id = created.headers["x-openstack-request-id"]

    [action] = api.get(path)["instanceActions"]
    assert (action["action"], action["request_id"], action["message"]) == ("create", request_id, None)
    assert api.get(f"{path}/{request_id}")["instanceAction"] == {**action, "events": []}
    assert api.send("GET", f"{path}/req-other").status_code == 404
