# SPDX-License-Identifier: Apache-2.0
"""Some of the kill points of tests/functional/test_kill_points.py and test_sleepers.py on RabbitMQ and PostgreSQL."""

import pytest

from tests.injection import Point
from tests.killable import NETWORKS, KillableCloud

_RECOVERED_SECONDS = 120
_POINTS = [
    ("conductor", Point("minova.conductor.records:Records.assign", "after")),
    ("scheduler", Point("minova.scheduler.destinations:_claim", "after")),
    ("scheduler", Point("minova.scheduler.destinations:Destinations.select", "after", "stop")),
    ("network", Point("minova.db.networks:take_address", "after")),
    ("compute", Point("minova.virt.fake:FakeDriver.spawn", "after")),
    ("compute", Point("minova.virt.fake:FakeDriver.spawn", "after", "stop")),
]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory, rabbitmq_url, postgresql_url):
    path = tmp_path_factory.mktemp("cloud")
    with KillableCloud(path, transport_url=rabbitmq_url, database_url=postgresql_url) as cloud:
        cloud.services = {name: [service] for name, service in cloud.start_all("--hosts", "2").items()}
        for name in ("scheduler", "network"):
            cloud.services[name].append(cloud.start(name, "--host", "controller2"))
        cloud.wait_until_up(8)
        yield cloud


@pytest.mark.parametrize(("service", "point"), _POINTS, ids=lambda value: getattr(value, "do", value))
def test_a_boot_survives(cloud, service, point):
    name = f"{service}-{point.do}-{point.at}"
    cloud.arm(point, *cloud.services[service])

    uuid = cloud.boot(name, networks=NETWORKS)
    victim = cloud.wait_until_fired()
    if point.do == "kill":
        cloud.revive(victim)
    else:
        cloud.wait_until_taken_over(name)
        cloud.wake(victim)

    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()
