# SPDX-License-Identifier: Apache-2.0
"""`minova service` on the real services of a running `minova up`."""

import signal

import pytest

from minova.up import processes
from tests.up_process import UpProcess
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    state_path = tmp_path_factory.mktemp("service") / "state"
    with UpProcess(state_path, "--no-page", "--hosts", "2", "--processes", "compute=2") as running:
        yield running.wait_ready()


def test_a_killed_service_comes_back(up):
    before = up.pid("scheduler")
    assert f"Sent SIGKILL to scheduler (pid {before})" in up.service("kill", "scheduler")
    wait_until(lambda: up.pid("scheduler") != before and "scheduler" not in up.record()["ended"])
    assert not processes.alive(before)


def test_a_stopped_service_stays_so_until_it_is_started(up):
    before = up.pid("network")
    up.service("stop", "network")
    assert not processes.alive(before)
    assert "no, stopped by you" in up.minova("status").stdout
    assert up.record()["ended"]["network"]["restart_at"] is None
    up.service("start", "network")
    assert processes.alive(up.pid("network"))
    wait_until(lambda: up.minova("status").returncode == 0)


def test_a_kind_means_all_of_it_and_a_name_one(up):
    first, second = up.pid("compute-1"), up.pid("compute-2")
    up.service("restart", "compute-2")
    assert (up.pid("compute-1"), up.pid("compute-2") != second) == (first, True)
    assert up.service("pause", "compute").count("SIGSTOP") == 2
    assert "no, paused" in up.minova("status").stdout
    up.service("resume", "compute")
    assert not processes.is_paused(first)


def test_a_paused_service_can_be_killed_stopped_and_restarted(up):
    for action in ("kill", "stop", "restart"):
        up.service("pause", "conductor")
        before = up.pid("conductor")
        assert processes.is_paused(before)
        up.service(action, "conductor")
        wait_until(lambda gone=before: not processes.alive(gone))
        if action == "stop":
            up.service("start", "conductor")
        wait_until(lambda: " running " in row(up, "conductor"))


def test_the_broker_obeys_too(up):
    up.service("stop", "broker")
    assert " stopped " in row(up, "broker")
    up.service("start", "broker")
    wait_until(lambda: up.minova("status").returncode == 0)


def test_a_refusal_is_a_sentence_and_an_exit_code(up):
    refused = up.minova("service", "start", "api")
    assert refused.returncode == 1
    assert refused.stderr == f"minova service: api (pid {up.pid('api')}) runs already.\n"
    assert "there are api, broker, compute, compute-1" in up.minova("service", "kill", "nobody").stderr
    assert up.minova("service", "kill").returncode == 2
    assert up.minova("service", "list", "api").returncode == 2


def test_the_screen_tells_what_was_done(up):
    up.service("pause", "api")
    up.service("resume", "api")
    assert "You asked: pause api. Sent SIGSTOP to api" in up.output.read_text()
    assert "You asked: resume api. Sent SIGCONT to api" in up.output.read_text()


@pytest.mark.parametrize("how", ["down", "interrupt"])
def test_the_end_comes_although_services_are_paused_or_stopped(tmp_path, how):
    with UpProcess(tmp_path / "state", "--no-page", "--hosts", "1") as up:
        up.wait_ready().service("pause", "api", "conductor", "broker")
        up.service("stop", "network")
        pids = up.record()["processes"].values()
        if how == "down":
            assert up.minova("down").returncode == 0
        else:
            up.process.send_signal(signal.SIGINT)
        assert up.process.wait(timeout=90) == 0, up.output.read_text()
        assert not any(processes.alive(pid) for pid in pids)
        assert not (tmp_path / "state" / "control.sock").exists()


def test_services_that_are_paused_end_with_a_killed_up(tmp_path):
    with UpProcess(tmp_path / "state", "--no-page", "--hosts", "1") as up:
        up.wait_ready().service("pause", "conductor")
        pids = up.record()["processes"].values()
        up.process.kill()
    wait_until(lambda: not any(processes.alive(pid) for pid in pids))
    assert "No minova up runs on" in up.minova("service", "list").stderr


def row(up, service):
    listed = up.service("list").splitlines()
    return next(line for line in listed if line.startswith(service))


def test_what_works_again_works(up):
    wait_until(lambda: up.minova("status").returncode == 0)
    assert up.boot("again")["status"] == "ACTIVE"
