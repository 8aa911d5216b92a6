# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL and MariaDB away for longer than a host may be silent: no host is taken for dead because of that."""

import time

import pytest

from tests.killable import FAST, KillableCloud

_DOWN_SECONDS = 6
_AWAY_SECONDS = _DOWN_SECONDS + 3
_OPTIONS = {
    **FAST,
    "DEFAULT": {**FAST["DEFAULT"], "database_patience": 1, "service_down_time": _DOWN_SECONDS},
    "conductor": {"rpc_timeout": 10},
    "api": {"database_timeout": 1},
}
_SETTLED_SECONDS = 120
_SPAWN = {"minova:spawn_seconds": "20"}


@pytest.fixture(scope="module")
def cloud(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("cloud")
    with KillableCloud(path, options=_OPTIONS, database_url=server.url) as cloud:
        cloud.conductors = [cloud.start_all("--hosts", "2")["conductor"]]
        cloud.conductors.append(cloud.start("conductor", "--host", "controller2"))
        cloud.wait_until_up(7)
        yield cloud


def test_a_build_in_hand_stays_where_it_is(cloud, server):
    uuid = cloud.boot(metadata=_SPAWN)
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)
    host = cloud.server(uuid)["OS-EXT-SRV-ATTR:host"]

    server.kill()
    time.sleep(_AWAY_SECONDS)
    server.start()

    assert cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)["OS-EXT-SRV-ATTR:host"] == host
    cloud.wait_until_well()
    assert not any(f"{host} is down" in conductor.log() for conductor in cloud.conductors)
