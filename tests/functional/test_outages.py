# SPDX-License-Identifier: Apache-2.0
"""No conductor for longer than a host may be silent: the hosts, which report through it, are not taken for dead."""

import signal

import pytest

from tests.killable import FAST, KillableCloud, away

# After the return of the conductor a host has nearly as long to report, on a busy machine too.
_OPTIONS = {**FAST, "DEFAULT": {**FAST["DEFAULT"], "service_down_time": 6}}
_SETTLED_SECONDS = 120
_SPAWN = {"minova:spawn_seconds": "15"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with KillableCloud(tmp_path_factory.mktemp("cloud"), options=_OPTIONS) as cloud:
        cloud.conductor = cloud.start_all("--host", "host1")["conductor"]
        yield cloud


@pytest.fixture(params=["dead", "asleep"])
def without_conductor(cloud, request):
    """Takes the only conductor away until the host is listed as down, and brings it back."""

    def wait():
        with away(cloud.conductor, request.param):
            cloud.wait_for(lambda: _state_of_host(cloud) == "down", "host1 listed as down", 60)

    return wait


def _state_of_host(cloud):
    return cloud.request("GET", "/v2.1/os-services?host=host1")[1]["services"][0]["state"]


def test_a_build_in_hand_stays_where_it_is(cloud, without_conductor):
    # The sweep came before the first report: "host1 is down", and where there is no other host ERROR.
    uuid = cloud.boot(metadata=_SPAWN)
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)

    without_conductor()

    cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    cloud.wait_until_well()


def test_what_was_asked_for_meanwhile_finds_the_host(cloud, without_conductor):
    # The scheduler was asked before the first report: no valid host.
    cloud.wait_for(lambda: _state_of_host(cloud) == "up", "host1 up", 60)
    uuid = cloud.wait_for(lambda: _boot_without_conductor(cloud), "the conductor to stop without a lock", 60)

    without_conductor()

    cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    cloud.wait_until_well()


def _boot_without_conductor(cloud):
    """None where the conductor was stopped with SQLite in its hands: the API can write no record then."""
    cloud.conductor.send_signal(signal.SIGSTOP)
    boot = {"server": {"name": "bar", "flavorRef": "1", "imageRef": cloud.image()}}
    status, answer = cloud.request("POST", "/v2.1/servers", boot)
    if status == 202:
        return answer["server"]["id"]
    assert status == 503, answer
    cloud.conductor.send_signal(signal.SIGCONT)
    return None
