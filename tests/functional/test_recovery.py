# SPDX-License-Identifier: Apache-2.0
"""What becomes of an instance when a process dies at a chosen point: real processes, kill -9, short deadlines."""

import signal

import amqp
import pytest
from oslo_config import cfg

from minova.conf import base, fake_driver
from minova.virt import fake
from tests.cloud import Cloud

_OPTIONS = {
    "DEFAULT": {"report_interval": 1, "service_down_time": 4},
    "task": {"deadline_seconds": 3, "sweep_interval": 0.3},
    "compute": {"reconcile_interval": 1},
}
_RECOVERED_SECONDS = 40


@pytest.fixture
def cloud(tmp_path):
    with Cloud(tmp_path, options=_OPTIONS) as cloud:
        yield cloud


@pytest.fixture
def guests(cloud):
    """A function that tells on which hosts the hypervisor holds guests of an instance."""
    conf = cfg.ConfigOpts()
    base.register_opts(conf)
    conf.register_opts(fake_driver.OPTS, group="fake_driver")
    conf([], default_config_files=[])
    conf.set_override("state_path", str(cloud.path / "state"))
    driver = fake.FakeDriver(conf)

    def find(uuid, hosts=("host1", "host2")):
        return [host for host in hosts for guest in driver.list_guests(host) if guest.uuid == uuid]

    yield find
    driver.close()


def _wait_for_task(cloud, uuid, task_state):
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == task_state, task_state, 20)


def test_a_conductor_killed_while_it_asks_the_scheduler_loses_no_server(cloud):
    conductor = cloud.start("conductor")
    for name in ("api", "network"):
        cloud.start(name)
    cloud.start("compute", "--host", "host1")
    cloud.wait_until_up(4)
    # Without a scheduler the conductor has taken the casts and waits: with it they are lost.
    uuids = [cloud.boot(f"orphan-{n}") for n in range(5)]
    cloud.wait_for(lambda: not _waiting_casts(cloud), "the casts to be taken", 20)
    conductor.kill()

    cloud.start("scheduler")
    cloud.start("conductor")

    for uuid in uuids:
        cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)


def test_a_compute_killed_while_it_spawns_finishes_when_it_returns(cloud, guests):
    started = cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "2"})
    _wait_for_task(cloud, uuid, "spawning")

    started["compute"].kill()
    cloud.start("compute", "--host", "host1")

    assert cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host1"
    assert guests(uuid) == ["host1"]


def test_a_server_on_a_host_that_died_while_spawning_is_built_elsewhere(cloud, guests):
    cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "3"})
    _wait_for_task(cloud, uuid, "spawning")
    dead = cloud.processes[-1]
    cloud.start("compute", "--host", "host2")

    dead.kill()

    assert cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host2"
    cloud.start("compute", "--host", "host1")
    # What is half made on the dead host is destroyed when it returns.
    cloud.wait_for(lambda: guests(uuid) == ["host2"], "one guest", 20)


def test_a_compute_that_sleeps_through_its_deadline_gives_up_what_it_lost(cloud, guests):
    cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "2"})
    _wait_for_task(cloud, uuid, "spawning")
    sleeper = cloud.processes[-1]
    cloud.start("compute", "--host", "host2")

    sleeper.send_signal(signal.SIGSTOP)
    assert cloud.wait_for_status(uuid, "ACTIVE", _RECOVERED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host2"
    sleeper.send_signal(signal.SIGCONT)

    cloud.wait_for(lambda: guests(uuid) == ["host2"], "one guest", 20)
    assert cloud.server(uuid)["status"] == "ACTIVE"


def test_a_delete_that_died_with_its_compute_is_finished(cloud, guests):
    started = cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:destroy_seconds": "2"})
    cloud.wait_for_status(uuid, "ACTIVE")
    cloud.request("DELETE", f"/v2.1/servers/{uuid}")

    started["compute"].kill()
    cloud.start("compute", "--host", "host1")

    cloud.wait_until_gone(uuid, _RECOVERED_SECONDS)
    cloud.wait_for(lambda: guests(uuid) == [], "no guest", 20)
    totals = cloud.request("GET", "/v2.1/os-hypervisors/statistics")[1]["hypervisor_statistics"]
    assert totals["vcpus_used"] == 0


def _waiting_casts(cloud):
    """How many messages wait in the conductor's queue."""
    with amqp.Connection(f"127.0.0.1:{cloud.broker.port}", userid="guest", password="guest") as connection:
        return connection.channel().queue_declare("conductor", passive=True).message_count
