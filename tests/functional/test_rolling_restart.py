# SPDX-License-Identifier: Apache-2.0
"""Services that are told to stop, and started anew, while there is work: nothing is lost, nobody gets an odd answer."""

import contextlib
import time

import pytest

from tests import broker_process, http_client
from tests.free_ports import free_port
from tests.killable import NETWORKS, KillableCloud
from tests.rolling import OPTIONS, SETTLED_SECONDS, restart_every_service_under_load


@pytest.fixture
def make_cloud(tmp_path):
    with contextlib.ExitStack() as stack:

        def make(deadline_seconds=10, **default_options):
            options = {
                **OPTIONS,
                "DEFAULT": {**OPTIONS["DEFAULT"], "graceful_shutdown_timeout": 20, **default_options},
                "task": {**OPTIONS["task"], "deadline_seconds": deadline_seconds},
            }
            return stack.enter_context(KillableCloud(tmp_path, options=options))

        yield make


def test_every_service_is_restarted_under_load_and_nothing_is_lost(tmp_path):
    with KillableCloud(tmp_path, options=OPTIONS) as cloud:
        restart_every_service_under_load(cloud)


def test_stops_leave_the_queues_of_topics_and_hosts_and_no_others(tmp_path):
    # What is sent to these waits for the return; nobody would ever read the others.
    management_port = free_port()
    broker = broker_process.start_broker(tmp_path, management_port=management_port)
    with contextlib.ExitStack() as stack:
        stack.callback(broker.stop)
        cloud = stack.enter_context(KillableCloud(tmp_path, options=OPTIONS, transport_url=broker.url))
        services = cloud.start_all("--host", "host1")
        cloud.wait_for_status(cloud.boot(networks=NETWORKS), "ACTIVE", SETTLED_SECONDS)

        for name in ("api", "compute", "network", "scheduler", "conductor"):
            assert services[name].stop() == 0

        assert _queue_names(management_port) == {
            *(topic for topic in ("api", "compute", "conductor", "network", "scheduler")),
            *(f"{topic}.controller" for topic in ("api", "conductor", "network", "scheduler")),
            "compute.host1",
        }


def _queue_names(management_port):
    return {queue["name"] for queue in http_client.get_management(management_port, "queues")}


def _stop_within_a_spawn(cloud):
    """Stop the only host within a spawn that takes longer than a graceful stop may: (services, server)."""
    services = cloud.start_all("--host", "host1")
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "8"})
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)
    began = time.monotonic()
    assert services["compute"].stop() == 0
    assert time.monotonic() - began < 8
    return services, uuid


def test_a_spawn_that_a_graceful_stop_cannot_wait_for_is_built_elsewhere(make_cloud):
    # The deadline leaves the other host the time to start: were it not there by then, there would be no valid host.
    cloud = make_cloud(deadline_seconds=30, graceful_shutdown_timeout=1, service_down_time=4)
    _, uuid = _stop_within_a_spawn(cloud)

    cloud.start("compute", "--host", "host2")

    assert cloud.wait_for_status(uuid, "ACTIVE", SETTLED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host2"


def test_a_spawn_that_a_graceful_stop_cannot_wait_for_is_taken_up_at_the_return(make_cloud):
    # It was taken up after its deadline, which is so late here that the compute has to have handed it back.
    cloud = make_cloud(deadline_seconds=600, graceful_shutdown_timeout=1)
    services, uuid = _stop_within_a_spawn(cloud)
    cloud.wait_for(
        lambda: "taking over task" in services["conductor"].log(), "a task that is handed back", 20
    )

    services["compute"].start()

    assert cloud.wait_for_status(uuid, "ACTIVE", SETTLED_SECONDS)["OS-EXT-SRV-ATTR:host"] == "host1"
    cloud.wait_until_well(SETTLED_SECONDS)


def test_a_host_that_said_goodbye_gets_no_new_server_while_it_finishes_another(make_cloud):
    cloud = make_cloud()
    services = cloud.start_all("--host", "host1")
    first = cloud.boot(metadata={"minova:spawn_seconds": "5"})
    cloud.wait_for(lambda: cloud.server(first)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)
    services["compute"].ask_to_stop()
    cloud.start("compute", "--host", "host2")
    cloud.wait_until_up(6)

    later = [cloud.boot(f"later-{number}") for number in range(4)]

    hosts = {cloud.wait_for_status(uuid, "ACTIVE", 60)["OS-EXT-SRV-ATTR:host"] for uuid in later}
    assert hosts == {"host2"}
    assert cloud.wait_for_status(first, "ACTIVE", 60)["OS-EXT-SRV-ATTR:host"] == "host1"
