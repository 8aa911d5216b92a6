# SPDX-License-Identifier: Apache-2.0
"""The main job on real servers: RabbitMQ as the bus, PostgreSQL and MariaDB for the records."""

import concurrent.futures

import pytest

from minova.db import default_data
from tests.cloud import Cloud

_NETWORKS = [{"uuid": default_data.fixed_id("network", "private")}]


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def cloud(request, tmp_path_factory, rabbitmq_url):
    database_url = request.getfixturevalue(f"{request.param}_url")
    path = tmp_path_factory.mktemp(request.param)
    with Cloud(path, transport_url=rabbitmq_url, database_url=database_url) as cloud:
        cloud.start_all("--hosts", "3")
        cloud.wait_until_up(7)
        yield cloud


def test_forty_at_once_are_built_and_deleted(cloud):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        uuids = list(pool.map(lambda n: cloud.boot(f"burst-{n}", networks=_NETWORKS), range(40)))
    servers = [cloud.wait_for_status(uuid, "ACTIVE", timeout_seconds=60) for uuid in uuids]

    addresses = {server["addresses"]["private"][0]["addr"] for server in servers}
    assert len(addresses) == 40

    for uuid in uuids:
        assert cloud.request("DELETE", f"/v2.1/servers/{uuid}")[0] == 204
    for uuid in uuids:
        cloud.wait_until_gone(uuid, timeout_seconds=60)
    totals = cloud.request("GET", "/v2.1/os-hypervisors/statistics")[1]["hypervisor_statistics"]
    assert (totals["vcpus_used"], totals["memory_mb_used"], totals["local_gb_used"]) == (0, 0, 0)


def test_a_failed_host_hands_on_to_the_next(cloud):
    uuid = cloud.boot(metadata={"minova:fail": "spawn:1"})

    cloud.wait_for_status(uuid, "ACTIVE")


def test_a_server_is_stopped_and_started_whatever_its_name(cloud):
    uuid = cloud.boot("Viettel 🚀 Đà Nẵng")
    assert cloud.wait_for_status(uuid, "ACTIVE")["name"] == "Viettel 🚀 Đà Nẵng"

    cloud.act(uuid, "os-stop")
    cloud.wait_for_status(uuid, "SHUTOFF")
    cloud.act(uuid, "os-start")
    cloud.wait_for_status(uuid, "ACTIVE")
