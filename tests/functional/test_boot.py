# SPDX-License-Identifier: Apache-2.0
"""Booting through real processes on the embedded broker: outcomes, and the messages on the wire."""

import concurrent.futures

import pytest

from minova.db import default_data
from tests.cloud import Cloud
from tests.firehose import Firehose

_NETWORKS = [{"uuid": default_data.fixed_id("network", "private")}]
_BUILD = [
    ("cast", "conductor", "build_instances"),
    ("call", "scheduler", "select_destinations"),
    ("reply", "", "select_destinations"),
]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with Cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        cloud.start_all("--hosts", "3")
        cloud.wait_until_up(7)
        yield cloud


@pytest.fixture
def firehose(cloud):
    firehose = Firehose(cloud.broker.port)
    yield firehose
    firehose.close()


def _request_id(cloud, uuid):
    return cloud.request("GET", f"/v2.1/servers/{uuid}/os-instance-actions")[1]["instanceActions"][-1][
        "request_id"
    ]


def _on_one_host(messages):
    """The messages with the host's name replaced, for it is the scheduler's choice."""
    return [
        (kind, "compute.HOST" if key.startswith("compute.") else key, method)
        for kind, key, method in messages
    ]


def test_a_boot_without_a_network_is_eight_messages(cloud, firehose):
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")

    assert _on_one_host(firehose.messages(_request_id(cloud, uuid), 8)) == [
        *_BUILD,
        ("cast", "compute.HOST", "build_and_run_instance"),
        ("call", "conductor", "instance_update"),
        ("reply", "", "instance_update"),
        ("call", "conductor", "instance_update"),
        ("reply", "", "instance_update"),
    ]


def test_a_boot_with_a_network_is_ten_messages(cloud, firehose):
    uuid = cloud.boot(networks=_NETWORKS)
    server = cloud.wait_for_status(uuid, "ACTIVE")

    messages = _on_one_host(firehose.messages(_request_id(cloud, uuid), 10))
    assert len(messages) == 10
    assert messages[4:6] == [
        ("call", "network", "allocate_for_instance"),
        ("reply", "", "allocate_for_instance"),
    ]
    assert server["addresses"]["private"][0]["addr"].startswith("10.")


def test_three_of_one_request_are_one_cast_and_one_question(cloud, firehose):
    uuid = cloud.boot(min_count=3, max_count=3)
    cloud.wait_for_status(uuid, "ACTIVE")

    messages = _on_one_host(firehose.messages(_request_id(cloud, uuid), 3 + 3 * 5))
    assert messages[:3] == _BUILD
    assert len(messages) == 3 + 3 * 5


def test_a_server_is_stopped_started_rebooted_and_deleted(cloud):
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")

    cloud.act(uuid, "os-stop")
    stopped = cloud.wait_for_status(uuid, "SHUTOFF")
    assert stopped["OS-EXT-STS:power_state"] == 4
    cloud.act(uuid, "os-start")
    cloud.wait_for_status(uuid, "ACTIVE")
    cloud.act(uuid, "reboot", {"type": "HARD"})
    cloud.wait_for_status(uuid, "ACTIVE")
    assert cloud.request("DELETE", f"/v2.1/servers/{uuid}")[0] == 204
    cloud.wait_until_gone(uuid)


def test_a_delete_gives_host_and_address_back(cloud):
    def used():
        totals = cloud.request("GET", "/v2.1/os-hypervisors/statistics")[1]["hypervisor_statistics"]
        return totals["vcpus_used"], totals["memory_mb_used"], totals["local_gb_used"]

    before = used()
    uuid = cloud.boot(networks=_NETWORKS)
    address = cloud.wait_for_status(uuid, "ACTIVE")["addresses"]["private"][0]["addr"]
    assert used() != before
    cloud.request("DELETE", f"/v2.1/servers/{uuid}")
    cloud.wait_until_gone(uuid)

    assert used() == before
    again = cloud.boot(networks=_NETWORKS)
    assert cloud.wait_for_status(again, "ACTIVE")["addresses"]["private"][0]["addr"] == address


def test_a_host_that_cannot_spawn_hands_on_to_the_next(cloud):
    uuid = cloud.boot(metadata={"minova:fail": "spawn:2"})

    server = cloud.wait_for_status(uuid, "ACTIVE")
    action = cloud.request("GET", f"/v2.1/servers/{uuid}/os-instance-actions")[1]["instanceActions"][0]
    assert server["OS-EXT-SRV-ATTR:host"] in ("host1", "host2", "host3")
    assert action["message"] is None


def test_a_server_that_no_host_can_spawn_ends_in_error_with_the_reason(cloud):
    uuid = cloud.boot(metadata={"minova:fail": "spawn"})

    server = cloud.wait_for_status(uuid, "ERROR")
    assert "Exceeded maximum number of retries. Tried 3 times" in server["fault"]["message"]


def test_a_server_that_is_too_large_ends_in_error_naming_the_filters(cloud):
    flavor = {"name": "giant", "ram": 100_000_000, "vcpus": 1, "disk": 1}
    # Beyond the project's quota it would not even be tried.
    status, answer = cloud.request("POST", "/v2.1/flavors", {"flavor": {**flavor, "ram": 1_000_000}})
    assert status == 200, answer
    uuid = cloud.boot(flavorRef=answer["flavor"]["id"])

    message = cloud.wait_for_status(uuid, "ERROR")["fault"]["message"]
    assert message.startswith("No valid host was found. ")
    assert "RamFilter took 3" in message


def test_a_server_deleted_while_it_is_built_leaves_nothing(cloud):
    before = cloud.request("GET", "/v2.1/os-hypervisors/statistics")[1]["hypervisor_statistics"]["vcpus_used"]
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "30"})
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)

    assert cloud.request("DELETE", f"/v2.1/servers/{uuid}")[0] == 204
    cloud.wait_until_gone(uuid, timeout_seconds=10)

    after = cloud.request("GET", "/v2.1/os-hypervisors/statistics")[1]["hypervisor_statistics"]["vcpus_used"]
    assert after == before


def test_a_guest_that_stops_by_itself_is_shown_as_stopped(cloud):
    uuid = cloud.boot(metadata={"minova:stop_after_seconds": "0.5"})

    cloud.wait_for_status(uuid, "SHUTOFF")


def test_the_console_log_is_fetched_from_the_compute(cloud):
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")

    status, answer = cloud.request(
        "POST", f"/v2.1/servers/{uuid}/action", {"os-getConsoleOutput": {"length": 3}}
    )

    assert status == 200
    assert 1 <= len(answer["output"].splitlines()) <= 3


def test_a_hundred_at_once_all_become_active(cloud):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        uuids = list(pool.map(lambda n: cloud.boot(f"burst-{n}"), range(100)))

    for uuid in uuids:
        cloud.wait_for_status(uuid, "ACTIVE", timeout_seconds=60)
    for uuid in uuids:
        cloud.request("DELETE", f"/v2.1/servers/{uuid}")
    for uuid in uuids:
        cloud.wait_until_gone(uuid, timeout_seconds=60)
