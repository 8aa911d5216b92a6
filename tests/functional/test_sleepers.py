# SPDX-License-Identifier: Apache-2.0
"""A process that is stopped (SIGSTOP) at a point, sleeps through its deadline and wakes up in the belief that it
still owns its task. Two of each service share the work, as behind a load balancer.

docs/recovery.md has the table of these points. One cloud serves them all: each test leaves it well.
"""

import concurrent.futures
import dataclasses

import pytest

from tests.free_ports import free_port
from tests.injection import Point
from tests.killable import NETWORKS, KillableCloud

_RECOVERED_SECONDS = 120


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with KillableCloud(tmp_path_factory.mktemp("cloud")) as cloud:
        cloud.services = {name: [service] for name, service in cloud.start_all("--hosts", "2").items()}
        for name in ("conductor", "scheduler", "network"):
            cloud.services[name].append(cloud.start(name, "--host", "controller2"))
        cloud.wait_until_up(9)
        yield cloud


@dataclasses.dataclass(frozen=True)
class Case:
    """While a server is built, ``service`` falls asleep at ``point``."""

    what: str
    service: str
    point: Point

    def __str__(self):
        return f"{self.service} {self.what}".replace(" ", "-")


def _asleep(at, when):
    return Point(at, when, do="stop")


_QUERY = "minova.scheduler.client.query:SchedulerQueryClient.select_destinations"
_BUILD = "minova.compute.build:Build"
_RECORDS = "minova.conductor.records:Records"
_NETWORK = "minova.network.manager:NetworkManager"
_DRIVER = "minova.virt.fake:FakeDriver"
_SLOW = {f"minova:{work}_seconds": "0.1" for work in ("spawn", "destroy", "power_on", "power_off", "reboot")}

_BOOTS = [
    Case("between its commit and its cast", "api", _asleep("minova.compute.api:API._cast", "before")),
    Case("before it asks the scheduler", "conductor", _asleep(_QUERY, "before")),
    Case("after the scheduler's answer", "conductor", _asleep(_QUERY, "after")),
    Case("between the record and its cast", "conductor", _asleep(f"{_RECORDS}.assign", "after")),
    Case("before it writes a report", "conductor", _asleep(f"{_RECORDS}.update", "before")),
    Case("before it answers a report", "conductor", _asleep(f"{_RECORDS}.update", "after")),
    Case(
        "before it claims",
        "scheduler",
        _asleep("minova.scheduler.destinations:Destinations._place", "before"),
    ),
    Case(
        "between its claim and its answer",
        "scheduler",
        _asleep("minova.scheduler.destinations:Destinations._place", "after"),
    ),
    Case("before it allocates", "network", _asleep(f"{_NETWORK}._allocate", "before")),
    Case("between its allocation and its answer", "network", _asleep(f"{_NETWORK}._allocate", "after")),
    Case("before it does anything", "compute", _asleep(f"{_BUILD}.run", "before")),
    Case("before it spawns", "compute", _asleep(f"{_DRIVER}.spawn", "before")),
    Case("while it spawns", "compute", _asleep("minova.virt.fake:_pass_time", "before")),
    Case("between its spawn and its report", "compute", _asleep(f"{_DRIVER}.spawn", "after")),
]


@pytest.mark.parametrize("case", _BOOTS, ids=str)
def test_a_boot_survives_the_sleep_of(cloud, case):
    name = str(case)
    cloud.arm(case.point, *cloud.services[case.service])

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(cloud.boot, name, networks=NETWORKS, metadata=_SLOW)
        sleeper = cloud.wait_until_fired()
        cloud.wait_until_taken_over(name, times=2 if case.service == "compute" else 1)
        cloud.wake(sleeper)
        uuid = answer.result(timeout=30)

    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()


_ACTIONS = {
    "stop": ({"os-stop": None}, f"{_DRIVER}.power_off", "SHUTOFF"),
    "reboot": ({"reboot": {"type": "HARD"}}, f"{_DRIVER}.reboot", "ACTIVE"),
    "delete": (None, f"{_DRIVER}.destroy", None),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("action", _ACTIONS)
def test_an_action_survives_the_sleep_of_its_compute(cloud, action, when):
    request, method, status = _ACTIONS[action]
    name = f"{action}-{when}"
    uuid = cloud.boot(name, networks=NETWORKS, metadata=_SLOW)
    cloud.wait_for_status(uuid, "ACTIVE")
    cloud.arm(_asleep(method, when), *cloud.services["compute"])

    if request:
        cloud.request("POST", f"/v2.1/servers/{uuid}/action", request)
    else:
        cloud.request("DELETE", f"/v2.1/servers/{uuid}")
    sleeper = cloud.wait_until_fired()
    cloud.wait_until_taken_over(name, times=2)
    cloud.wake(sleeper)

    if status:
        cloud.wait_for_status(uuid, status, _RECOVERED_SECONDS)
    else:
        cloud.wait_until_gone(uuid, _RECOVERED_SECONDS)
    cloud.wait_until_well()


_EVACUATIONS = [
    Case("after the scheduler's answer", "conductor", _asleep(_QUERY, "after")),
    Case("between the record and its cast", "conductor", _asleep(f"{_RECORDS}.move", "after")),
    Case("before it spawns", "compute", _asleep(f"{_DRIVER}.spawn", "before")),
    Case("between its spawn and its report", "compute", _asleep(f"{_DRIVER}.spawn", "after")),
]


@pytest.mark.parametrize("case", _EVACUATIONS, ids=str)
def test_an_evacuation_survives_the_sleep_of(cloud, case):
    name = f"evacuation {case}"
    uuid = cloud.boot(name, networks=NETWORKS, metadata=_SLOW)
    left = cloud.wait_for_status(uuid, "ACTIVE")["OS-EXT-SRV-ATTR:host"]
    cloud.force_down(left)
    cloud.arm(case.point, *cloud.services[case.service])

    cloud.evacuate(uuid)
    sleeper = cloud.wait_until_fired()
    cloud.wait_until_taken_over(name, times=2 if case.service == "compute" else 1)
    cloud.wake(sleeper)

    assert cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)["OS-EXT-SRV-ATTR:host"] != left
    cloud.force_down(left, False)
    cloud.wait_until_well()


def test_one_of_two_apis_dies_and_the_other_answers(cloud):
    """Both had taken requests; the one that died had told nobody of the last."""
    first, other_port = cloud.api_port, free_port()
    own_config = cloud.path / "other-api.conf"
    own_config.write_text(f"[api]\nport = {other_port}\n")
    cloud.start("api", "--config-file", own_config)
    cloud.api_port = other_port
    cloud.wait_for(cloud.answers, "the other API", 90)
    cloud.boot("by-the-other", networks=NETWORKS)
    cloud.arm(Point("minova.compute.api:API._cast", "before"), *cloud.services["api"])

    cloud.api_port = first
    with pytest.raises(OSError, match="."):
        cloud.boot("by-the-first", networks=NETWORKS)
    cloud.wait_until_fired().reap()
    cloud.api_port = other_port

    for name in ("by-the-first", "by-the-other"):
        cloud.wait_for_status(cloud.find(name), "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()
