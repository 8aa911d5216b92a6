# SPDX-License-Identifier: Apache-2.0
"""A broker that is killed and started again, with services that come back to it one after the other.

Its queues are gone then until their services declare them anew: what is sent before that must not vanish.
"""

import concurrent.futures
import contextlib
import signal

import pytest

from tests.cloud import Cloud

_SETTLED_SECONDS = 120
# Longer than a service that wakes up takes to come back, on a busy machine.
_BUS_TIMEOUT_SECONDS = 20


@contextlib.contextmanager
def _cloud(path, bus_timeout):
    options = {
        "DEFAULT": {"report_interval": 1, "service_down_time": 600},
        # So long that whatever was lost would be missed: no sweep helps before.
        "task": {"deadline_seconds": 600, "sweep_interval": 0.5},
        "api": {"bus_timeout": bus_timeout},
    }
    with Cloud(path, options=options) as cloud:
        cloud.services = cloud.start_all("--host", "host1")
        # All have sent something by then.
        cloud.first = cloud.boot("first")
        cloud.wait_for_status(cloud.first, "ACTIVE")
        yield cloud


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    with _cloud(tmp_path_factory.mktemp("cloud"), _BUS_TIMEOUT_SECONDS) as cloud:
        yield cloud


@pytest.fixture
def hasty_cloud(tmp_path):
    """Its API waits for a queue as short as it may."""
    with _cloud(tmp_path, 1) as cloud:
        yield cloud


@pytest.fixture
def user():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield pool


@contextlib.contextmanager
def _broker_restarted_without(cloud, name):
    """The API is back at the new broker within this, and the service ``name`` is not."""
    service = cloud.services[name]
    service.send_signal(signal.SIGSTOP)
    try:
        cloud.broker.kill()
        cloud.broker.start()
        is_back = _has_scheduled if name == "compute" else _has_shown_a_console
        cloud.wait_for(lambda: is_back(cloud), "the API at the new broker", 60)
        yield
    finally:
        service.send_signal(signal.SIGCONT)


def _has_shown_a_console(cloud):
    path = f"/v2.1/servers/{cloud.first}/action"
    return cloud.request("POST", path, {"os-getConsoleOutput": {}})[0] == 200


def _has_scheduled(cloud):
    body = {"server": {"name": "probe", "flavorRef": "1", "imageRef": cloud.image()}}
    status, _ = cloud.request("POST", "/v2.1/servers", body)
    servers = cloud.request("GET", "/v2.1/servers/detail?name=probe")[1]["servers"]
    return status == 202 and any(server["OS-EXT-SRV-ATTR:host"] for server in servers)


def test_a_boot_while_the_conductor_is_not_back_yet_waits_for_it(cloud, user):
    # The cast to a queue that was not there vanished, and the server stayed in BUILD until its deadline.
    taken_over = cloud.services["conductor"].log().count("taking over task")
    with _broker_restarted_without(cloud, "conductor"):
        boot = user.submit(cloud.boot, "early")
        with pytest.raises(concurrent.futures.TimeoutError):
            boot.result(1)

    cloud.wait_for_status(boot.result(_BUS_TIMEOUT_SECONDS), "ACTIVE", _SETTLED_SECONDS)

    assert cloud.services["conductor"].log().count("taking over task") == taken_over


def test_requests_that_need_no_message_are_answered_while_others_wait_for_a_queue(cloud, user):
    with _broker_restarted_without(cloud, "conductor"):
        boots = [user.submit(cloud.boot, f"early-{number}") for number in range(8)]
        # Half of the threads wait, and whoever comes then leaves its task to the sweep.
        cloud.wait_for(lambda: sum(boot.done() for boot in boots) == 4, "four answers at once", 90)
        assert cloud.request("GET", "/v2.1/servers")[0] == 200

    for boot in boots:
        cloud.wait_for_status(boot.result(_BUS_TIMEOUT_SECONDS), "ACTIVE", _SETTLED_SECONDS)


def test_actions_while_the_compute_is_not_back_yet_wait_for_it(cloud, user):
    stopped, deleted = cloud.boot("stopped"), cloud.boot("deleted")
    for uuid in (stopped, deleted):
        cloud.wait_for_status(uuid, "ACTIVE")
    with _broker_restarted_without(cloud, "compute"):
        stop = user.submit(cloud.act, stopped, "os-stop")
        user.submit(cloud.request, "DELETE", f"/v2.1/servers/{deleted}")
        # This one the conductor sends to the host.
        built = cloud.boot("early")
        with pytest.raises(concurrent.futures.TimeoutError):
            stop.result(1)

    cloud.wait_for_status(stopped, "SHUTOFF", _SETTLED_SECONDS)
    cloud.wait_until_gone(deleted, _SETTLED_SECONDS)
    cloud.wait_for_status(built, "ACTIVE", _SETTLED_SECONDS)


def test_a_boot_while_the_scheduler_is_not_back_yet_waits_for_it(cloud):
    with _broker_restarted_without(cloud, "scheduler"):
        asked = cloud.services["conductor"].log().count("asking again")
        uuid = cloud.boot("early")
        said = lambda: cloud.services["conductor"].log().count("asking again")  # noqa: E731
        cloud.wait_for(lambda: said() > asked, "a conductor that found no scheduler", 60)

    cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)


def test_a_boot_that_waited_in_vain_for_the_conductor_is_taken_up_at_its_return(hasty_cloud):
    cloud = hasty_cloud
    with _broker_restarted_without(cloud, "conductor"):
        # A queue is missing, the bus is not: nothing is refused for it.
        uuids = [cloud.boot(f"early-{number}") for number in range(2)]

    for uuid in uuids:
        cloud.wait_for_status(uuid, "ACTIVE", _SETTLED_SECONDS)
    assert "nobody listens" in cloud.services["api"].log()
