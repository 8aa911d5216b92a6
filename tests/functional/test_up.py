# SPDX-License-Identifier: Apache-2.0
"""The whole of minova as `minova up` starts it: real services, the embedded broker, SQLite."""

import contextlib
import json
import os
import re
import signal
import subprocess

import pytest

from minova.up.api_client import ApiError
from tests.up_process import MINOVA, UpProcess
from tests.waiting import wait_until

SERVICES = ("api", "broker", "compute", "conductor", "network", "scheduler")


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """One that all tests share which leave it as it is."""
    with UpProcess(tmp_path_factory.mktemp("up") / "state") as running:
        yield running.wait_ready()


@pytest.fixture
def start(tmp_path):
    """Starts a `minova up` of the test's own, with one host, and waits until it is ready."""
    started = []

    def start(*arguments):
        started.append(UpProcess(tmp_path / "state", "--hosts", "1", *arguments))
        return started[-1].wait_ready()

    yield start
    for running in started:
        running.stop()


def processes_of(state_path):
    table = subprocess.run(["ps", "-axwwo", "state=,args="], capture_output=True, text=True).stdout
    return [row for row in table.splitlines() if str(state_path) in row and not row.startswith("Z")]


def test_every_service_is_a_process_of_its_own(up):
    rows = processes_of(up.state_path)
    seen = {name for name in SERVICES if any(re.search(rf"/minova-{name} ", row) for row in rows)}
    assert seen == set(SERVICES)


def test_a_server_becomes_active(up):
    assert up.boot("one")["status"] == "ACTIVE"


def test_a_server_may_be_booted_as_soon_as_the_api_answers(tmp_path):
    # There was no valid host: no compute service had reported yet.
    with UpProcess(tmp_path / "state") as early:
        wait_until(lambda: early.record() and _answers(early.api))
        assert early.boot("early")["status"] == "ACTIVE"


def _answers(api):
    with contextlib.suppress(ApiError):
        return api.get("/")


def test_status_finds_all_answering(up):
    status = up.minova("status")
    assert status.returncode == 0, status.stdout
    assert "hosts    3 (3 up)" in status.stdout


def test_the_demo_shows_states_and_messages(up):
    demo = up.minova("demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "$ curl -X POST http://127.0.0.1:" in demo.stdout
    assert re.search(r"BUILD +spawning", demo.stdout)
    assert re.search(r"ACTIVE ", demo.stdout)
    for method in ("build_instances", "select_destinations", "build_and_run_instance", "instance_update"):
        assert method in demo.stdout


def test_trace_of_one_server(up):
    trace = subprocess.Popen(
        [MINOVA, "trace", "--json", "--for", "20", "--state-path", up.state_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # Something is always said on the bus (heartbeats), and each line is a message.
        assert json.loads(trace.stdout.readline())["method"]
    finally:
        trace.send_signal(signal.SIGINT)
        trace.communicate(timeout=10)
    assert trace.returncode == 0


def test_a_second_start_keeps_the_servers_and_the_stop_leaves_nothing(start):
    first = start()
    server = first.boot("kept")
    assert first.stop() == 0, first.output.read_text()
    assert processes_of(first.state_path) == []
    second = start()
    assert second.api.get(f"/servers/{server['id']}")["server"]["status"] == "ACTIVE"
    assert second.minova("down").returncode == 0
    assert second.process.wait(timeout=60) == 0
    assert processes_of(second.state_path) == []


def test_killed_up_leaves_no_service_behind(start):
    up = start("--workers", "api=2", "--workers", "conductor=2")
    assert up.boot("by-workers")["status"] == "ACTIVE"
    up.process.kill()
    up.process.wait()
    wait_until(lambda: not processes_of(up.state_path))


def test_what_is_killed_comes_back_and_works_again(start):
    up = start()
    before = dict(up.record()["processes"])
    for service in ("broker", "conductor"):
        os.kill(before[service], signal.SIGKILL)
    wait_until(lambda: up.record()["restarts"] == {"broker": 1, "conductor": 1})
    assert up.boot("after")["status"] == "ACTIVE"
    wait_until(lambda: up.minova("status").returncode == 0)
    assert up.stop() == 0, up.output.read_text()
    assert processes_of(up.state_path) == []


def test_rabbitmq_instead_of_the_embedded_broker(start, rabbitmq_url):
    up = start("--transport-url", rabbitmq_url)
    assert up.boot("on-rabbitmq")["status"] == "ACTIVE"
    assert not any("minova-broker" in row for row in processes_of(up.state_path))


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_real_database_instead_of_sqlite(start, request, kind):
    up = start("--database-connection", request.getfixturevalue(f"{kind}_url"))
    assert up.boot(f"on-{kind}")["status"] == "ACTIVE"
    assert up.stop() == 0
    assert not (up.state_path / "minova.sqlite3").exists()
