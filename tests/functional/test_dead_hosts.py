# SPDX-License-Identifier: Apache-2.0
"""Hosts that die, for good or for a while, with servers on them and in the making; real processes, kill -9.

The clocks of the services are minutes apart meanwhile: what is up and what is overdue goes by the database's.
"""

import signal

import pytest

from tests.injection import Point
from tests.killable import FAST, NETWORKS, KillableCloud

_RECOVERED_SECONDS = 120
_OPTIONS = {**FAST, "DEFAULT": {**FAST["DEFAULT"], "service_down_time": 4}}
_WHILE_IT_WORKS = "minova.virt.fake:_pass_time"
_SLOW = {"minova:spawn_seconds": "0.1"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with KillableCloud(tmp_path_factory.mktemp("cloud"), options=_OPTIONS) as cloud:
        cloud.start("conductor", clock_seconds=-300)
        cloud.start("scheduler", clock_seconds=600)
        cloud.start("network")
        cloud.start("api", clock_seconds=120)
        cloud.hosts = {
            "host1": cloud.start("compute", "--host", "host1", clock_seconds=300),
            "host2": cloud.start("compute", "--host", "host2", clock_seconds=-600),
        }
        cloud.wait_until_up(6)
        yield cloud


@pytest.fixture
def dying(cloud):
    """The process of host1, which will die; it is there again afterwards."""
    process = cloud.hosts["host1"]
    yield process
    if not process.is_running():
        process.start()
    cloud.wait_until_up(6)
    cloud.wait_until_well()


def _boot_on(cloud, host, **server):
    uuid = cloud.boot(availability_zone=f"nova:{host}", networks=NETWORKS, **server)
    cloud.wait_for_status(uuid, "ACTIVE")
    return uuid


def _wait_until_down(cloud, host):
    def is_down():
        services = cloud.request("GET", f"/v2.1/os-services?host={host}")[1]["services"]
        return [service["state"] for service in services] == ["down"]

    cloud.wait_for(is_down, f"{host} down", 90)


def _start_a_build(cloud, do):
    """Boot a server on whatever host; the one where it is made stops there while it spawns."""
    cloud.arm(Point(_WHILE_IT_WORKS, "before", do), *cloud.hosts.values())
    uuid = cloud.boot(networks=NETWORKS, metadata=_SLOW)
    return uuid, cloud.wait_until_fired()


def _host_of(cloud, process):
    return next(host for host, candidate in cloud.hosts.items() if candidate is process)


def test_a_server_in_the_making_is_built_on_another_host(cloud):
    uuid, dead = _start_a_build(cloud, "kill")
    dead.reap()

    server = cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)

    assert server["OS-EXT-SRV-ATTR:host"] != _host_of(cloud, dead)
    # What is half made on the dead host is destroyed when it returns.
    dead.start()
    cloud.wait_until_up(6)
    cloud.wait_until_well()


def test_a_host_that_slept_gives_up_what_is_built_elsewhere_by_then(cloud):
    uuid, sleeper = _start_a_build(cloud, "stop")

    server = cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wake(sleeper)

    assert server["OS-EXT-SRV-ATTR:host"] != _host_of(cloud, sleeper)
    cloud.wait_until_up(6)
    cloud.wait_until_well()
    assert cloud.server(uuid)["status"] == "ACTIVE"


def test_a_running_server_on_a_dead_host_stays_active_as_in_nova(cloud, dying):
    uuid = _boot_on(cloud, "host1")

    dying.kill()
    _wait_until_down(cloud, "host1")

    assert cloud.server(uuid)["status"] == "ACTIVE"
    hypervisors = cloud.request("GET", "/v2.1/os-hypervisors/detail")[1]["hypervisors"]
    assert {each["hypervisor_hostname"]: each["state"] for each in hypervisors} == {
        "host1": "down",
        "host2": "up",
    }


def test_a_server_deleted_while_its_host_was_dead_loses_its_guest_when_it_returns(cloud, dying):
    uuid = _boot_on(cloud, "host1")
    dying.kill()
    _wait_until_down(cloud, "host1")

    assert cloud.request("DELETE", f"/v2.1/servers/{uuid}")[0] == 204

    cloud.wait_until_gone(uuid)
    assert cloud.guests_of(uuid) == ["host1"]
    dying.start()
    cloud.wait_for(lambda: cloud.guests_of(uuid) == [], "the guest destroyed", _RECOVERED_SECONDS)


def test_a_delete_that_died_with_its_host_is_finished_without_it(cloud, dying):
    uuid = _boot_on(cloud, "host1", metadata={"minova:destroy_seconds": "0.1"})
    cloud.arm(Point(_WHILE_IT_WORKS, "before"), dying)

    cloud.request("DELETE", f"/v2.1/servers/{uuid}")
    cloud.wait_until_fired().reap()

    cloud.wait_until_gone(uuid, _RECOVERED_SECONDS)


def test_an_action_on_a_dead_host_is_given_up_and_does_not_happen_later(cloud, dying):
    uuid = _boot_on(cloud, "host1")
    dying.kill()
    cloud.act(uuid, "os-stop")

    server = cloud.wait_for_status(uuid, "ERROR", _RECOVERED_SECONDS)
    assert "host1 is down" in server["fault"]["message"]
    dying.start()
    cloud.wait_until_up(6)

    # A hard reboot brings it back, whatever of the stop still waited in the host's queue.
    cloud.act(uuid, "reboot", {"type": "HARD"})
    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_until_well()
    assert cloud.server(uuid)["status"] == "ACTIVE"


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF"])
def test_a_server_is_evacuated_and_the_returning_host_loses_its_guest(cloud, dying, status):
    uuid = _boot_on(cloud, "host1")
    if status == "SHUTOFF":
        cloud.act(uuid, "os-stop")
    before = cloud.wait_for_status(uuid, status)
    dying.kill()
    _wait_until_down(cloud, "host1")

    cloud.evacuate(uuid)

    after = cloud.wait_for_status(uuid, status, _RECOVERED_SECONDS)
    assert after["OS-EXT-SRV-ATTR:host"] == "host2"
    for field in ("id", "name", "addresses", "OS-EXT-STS:power_state"):
        assert after[field] == before[field]
    assert cloud.guests_of(uuid) == ["host1", "host2"]
    dying.start()
    cloud.wait_for(lambda: cloud.guests_of(uuid) == ["host2"], "one guest", _RECOVERED_SECONDS)


def test_a_host_that_comes_back_during_an_evacuation_loses_its_guest(cloud, dying):
    uuid = _boot_on(cloud, "host1", metadata=_SLOW)
    dying.send_signal(signal.SIGSTOP)
    _wait_until_down(cloud, "host1")
    sleeper = cloud.hosts["host2"]
    cloud.arm(Point(_WHILE_IT_WORKS, "before", "stop"), sleeper)

    cloud.evacuate(uuid)
    cloud.wait_until_fired()
    cloud.wake(dying)
    # Before it counts as down itself.
    cloud.wake(sleeper)

    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    cloud.wait_for(lambda: cloud.guests_of(uuid) == ["host2"], "the old guest gone", _RECOVERED_SECONDS)


def test_an_evacuation_without_a_valid_host_leaves_the_server_as_it_was(cloud, dying):
    uuid = _boot_on(cloud, "host1")
    dying.kill()
    _wait_until_down(cloud, "host1")
    disabled = {"host": "host2", "binary": "minova-compute"}
    cloud.request("PUT", "/v2.1/os-services/disable", disabled)

    cloud.evacuate(uuid)

    server = cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)
    assert server["OS-EXT-SRV-ATTR:host"] == "host1"
    [action, *_] = cloud.request("GET", f"/v2.1/servers/{uuid}/os-instance-actions")[1]["instanceActions"]
    assert action["action"] == "evacuate"
    assert action["message"].startswith("No valid host was found. 2 hosts: ")
    cloud.request("PUT", "/v2.1/os-services/enable", disabled)


def test_an_evacuation_to_a_host_that_dies_too_goes_back(cloud, dying):
    """Nothing is left but the host on which it was; when that returns with its guest, a hard reboot is enough."""
    uuid = _boot_on(cloud, "host1", metadata=_SLOW)
    dying.kill()
    _wait_until_down(cloud, "host1")
    second = cloud.hosts["host2"]
    cloud.arm(Point(_WHILE_IT_WORKS, "before"), second)

    cloud.evacuate(uuid)
    cloud.wait_until_fired().reap()

    server = cloud.wait_for_status(uuid, "ERROR", _RECOVERED_SECONDS)
    assert server["OS-EXT-SRV-ATTR:host"] == "host1"
    assert server["fault"]["message"].startswith("No valid host was found. 2 hosts: ")
    second.start()
    dying.start()
    cloud.wait_until_up(6)
    cloud.act(uuid, "reboot", {"type": "HARD"})
    cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)


def test_a_server_that_has_no_other_host_ends_in_error_and_says_why(cloud, dying):
    cloud.arm(Point(_WHILE_IT_WORKS, "before"), dying)
    uuid = cloud.boot(availability_zone="nova:host1", networks=NETWORKS, metadata=_SLOW)
    cloud.wait_until_fired().reap()

    server = cloud.wait_for_status(uuid, "ERROR", _RECOVERED_SECONDS)

    assert server["fault"]["message"].startswith("No valid host was found. 2 hosts: ")
    cloud.wait_until_well()
