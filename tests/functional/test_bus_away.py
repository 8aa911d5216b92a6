# SPDX-License-Identifier: Apache-2.0
"""What the API answers while its broker is away: quickly, truly, and nothing is lost."""

import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.cloud import Cloud

_MINOVA = pathlib.Path(sys.executable).with_name("minova")
_OPTIONS = {
    "DEFAULT": {"report_interval": 1},
    "task": {"deadline_seconds": 20, "sweep_interval": 0.3},
    "api": {"bus_timeout": 3},
    "rpc": {"compute_timeout": 3},
}
# A request waits for the bus as long as bus_timeout says; the rest is for a busy machine.
_BOUNDED_SECONDS = 10
_QUICK_SECONDS = 2


@pytest.fixture
def cloud(tmp_path):
    with Cloud(tmp_path, options=_OPTIONS) as cloud:
        cloud.start_all("--host", "host1")
        yield cloud


def _timed(function, *arguments):
    began = time.monotonic()
    result = function(*arguments)
    return result, time.monotonic() - began


def _create(cloud, name):
    body = {"server": {"name": name, "flavorRef": "1", "imageRef": cloud.image()}}
    return cloud.request("POST", "/v2.1/servers", body)


def _created_once_back(cloud):
    status, answer = _create(cloud, "after")
    return answer["server"]["id"] if status == 202 else None


def test_creates_while_the_broker_is_away_are_accepted_or_refused_and_none_hangs(cloud):
    # Each of them used to hold a thread of the API for 25 s and was then built after its whole deadline.
    before = cloud.boot("before")
    cloud.wait_for_status(before, "ACTIVE")
    cloud.broker.kill()

    (status, answer), seconds = _timed(_create, cloud, "noticed")
    assert status == 202
    assert seconds < _BOUNDED_SECONDS
    accepted = answer["server"]["id"]

    (status, answer), seconds = _timed(_create, cloud, "refused")
    assert status == 503
    assert "message bus" in answer["serviceUnavailable"]["message"]
    assert seconds < _QUICK_SECONDS
    refused = cloud.ask("POST", f"/v2.1/servers/{before}/action", {"os-getConsoleOutput": {}})
    assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
    # What needs no bus goes on.
    assert sorted(server["name"] for server in cloud.request("GET", "/v2.1/servers")[1]["servers"]) == [
        "before",
        "noticed",
    ]

    cloud.broker.start()
    cloud.wait_for_status(accepted, "ACTIVE", timeout_seconds=60)
    later = cloud.wait_for(lambda: _created_once_back(cloud), "the API to find the bus", 60)
    cloud.wait_for_status(later, "ACTIVE", timeout_seconds=60)


def test_actions_while_the_broker_is_frozen_are_accepted_or_refused_and_none_hangs(cloud):
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")
    cloud.broker.send_signal(signal.SIGSTOP)
    try:
        (status, _), seconds = _timed(
            cloud.request, "POST", f"/v2.1/servers/{uuid}/action", {"os-stop": None}
        )
        assert (status, seconds < _BOUNDED_SECONDS) == (202, True)
        for method, path, body in [
            ("DELETE", f"/v2.1/servers/{uuid}", None),
            ("POST", f"/v2.1/servers/{uuid}/action", {"os-getConsoleOutput": {}}),
        ]:
            (status, _), seconds = _timed(cloud.request, method, path, body)
            assert (status, seconds < _QUICK_SECONDS) == (503, True)
    finally:
        cloud.broker.send_signal(signal.SIGCONT)

    cloud.wait_for_status(uuid, "SHUTOFF", timeout_seconds=60)
    cloud.wait_for(lambda: cloud.request("DELETE", f"/v2.1/servers/{uuid}")[0] == 204, "a delete", 60)
    cloud.wait_until_gone(uuid, timeout_seconds=60)


def test_console_output_of_a_dead_compute_is_503_and_says_how_long_it_was_waited_for(cloud):
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")
    compute = cloud.processes[-1]
    compute.kill()

    status, answer = cloud.request("POST", f"/v2.1/servers/{uuid}/action", {"os-getConsoleOutput": {}})

    assert status == 503
    assert "get_console_output" in answer["serviceUnavailable"]["message"]
    assert "3 s" in answer["serviceUnavailable"]["message"]


def test_console_output_of_a_slow_hypervisor_is_waited_for(cloud):
    # Longer than compute_timeout, which is for silence: the compute shows that it is at work.
    uuid = cloud.boot()
    cloud.wait_for_status(uuid, "ACTIVE")
    rule = ["get_console_output", "--delay-only", "--delay", "5", "--state-path", cloud.path / "state"]
    subprocess.run([_MINOVA, "fault", "add", *rule], check=True, timeout=60)

    status, answer = cloud.request("POST", f"/v2.1/servers/{uuid}/action", {"os-getConsoleOutput": {}})

    assert status == 200, answer
