# SPDX-License-Identifier: Apache-2.0
"""The broker away for longer than a host may be silent, all else well: no host is taken for dead because of that."""

import pytest

from tests.killable import FAST, KillableCloud, away

# After the broker's return a host has nearly all of service_down_time to report, so it must not pause longer.
_OPTIONS = {
    **FAST,
    "DEFAULT": {**FAST["DEFAULT"], "service_down_time": 6},
    "oslo_messaging_rabbit": {"rabbit_interval_max": 1, "kombu_reconnect_delay": 0.2},
}
_SETTLED_SECONDS = 120
_SPAWN = {"minova:spawn_seconds": "15"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with KillableCloud(tmp_path_factory.mktemp("cloud"), options=_OPTIONS) as cloud:
        cloud.start_all("--host", "host1")
        yield cloud


@pytest.fixture(params=["dead", "asleep"])
def without_broker(cloud, request):
    """Takes the broker away until the host is listed as down, and brings it back."""

    def wait():
        with away(cloud.broker, request.param):
            for binary in ("minova-compute", "minova-conductor"):
                cloud.wait_for(lambda b=binary: _state_of(cloud, b) == "down", f"{binary} listed as down", 60)

    return wait


def _state_of(cloud, binary):
    return cloud.request("GET", f"/v2.1/os-services?binary={binary}")[1]["services"][0]["state"]


def test_a_build_in_hand_stays_where_it_is(cloud, without_broker):
    uuid = cloud.boot(metadata=_SPAWN)
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)

    without_broker()

    cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    cloud.wait_until_well()


def test_what_is_asked_for_at_its_return_finds_the_host(cloud, without_broker):
    # The scheduler was asked before the host's first report: no valid host.
    cloud.wait_for(lambda: _state_of(cloud, "minova-compute") == "up", "host1 up", 60)

    without_broker()
    uuid = cloud.wait_for(lambda: _boot_once_possible(cloud), "the API to find the bus", 60)

    cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    cloud.wait_until_well()


def _boot_once_possible(cloud):
    boot = {"server": {"name": "bar", "flavorRef": "1", "imageRef": cloud.image()}}
    status, answer = cloud.request("POST", "/v2.1/servers", boot)
    return answer["server"]["id"] if status == 202 else None
