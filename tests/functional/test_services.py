# SPDX-License-Identifier: Apache-2.0
"""Life of the services as processes: start in any order, reload, upgrade step by step, stop."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.cloud import Cloud, Process

_OLD_COMPUTE = pathlib.Path(__file__).with_name("old_compute.py")


@pytest.fixture
def cloud(tmp_path):
    with Cloud(tmp_path) as cloud:
        yield cloud


def test_every_service_answers_a_ping_and_no_compute_opens_the_database(cloud):
    started = cloud.start_all("--hosts", "2")
    cloud.wait_until_up(6)
    cloud.wait_for_status(cloud.boot(), "ACTIVE")

    answers = cloud.run("manage", "service", "ping")
    for binary in ("minova-api", "minova-conductor", "minova-scheduler", "minova-network", "minova-compute"):
        assert binary in answers

    descriptors = pathlib.Path(f"/proc/{started['compute'].pid}/fd")
    if not descriptors.exists():
        pytest.skip("needs /proc to see what a process has open")
    opened = {os.path.basename(os.readlink(fd)) for fd in descriptors.iterdir() if fd.is_symlink()}
    assert "hypervisor.sqlite3" in opened
    assert "minova.sqlite3" not in opened


def test_the_code_of_a_compute_does_not_even_load_sqlalchemy():
    code = "import sys, minova.cmd.compute; print('sqlalchemy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_every_service_stops_at_sigterm_with_exit_code_zero(cloud):
    started = cloud.start_all()

    assert {name: process.stop() for name, process in started.items()} == dict.fromkeys(started, 0)


def test_a_compute_that_is_told_to_stop_finishes_what_it_has_in_hand(cloud):
    started = cloud.start_all()
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "2"})
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)

    assert started["compute"].stop() == 0

    assert cloud.server(uuid)["status"] == "ACTIVE"
    # It has said goodbye, so no scheduler chooses it, although its last report is recent.
    refused = cloud.wait_for_status(cloud.boot(), "ERROR")
    assert "ComputeFilter took 1" in refused["fault"]["message"]


def test_a_service_stops_quickly(cloud):
    network = cloud.start("network")
    cloud.wait_for(lambda: "serves topic" in network.log(), "network service up", 90)
    # An idle listener looks less and less often; this is long enough for its longest pause.
    time.sleep(3)

    begin = time.monotonic()
    network.stop()

    assert time.monotonic() - begin < 3


def test_a_service_that_waits_for_its_broker_stops_at_once(tmp_path, cloud):
    cloud.broker.stop()
    scheduler = cloud.start("scheduler")
    address = f"127.0.0.1:{cloud.broker.port}"
    line = f"minova-scheduler on controller waits for the message broker: {address}: Connection refused"
    cloud.wait_for(lambda: line in scheduler.log(), "the scheduler to miss its broker", 90)

    assert scheduler.stop() == 0
    # It looks several times a second, and says so every five seconds.
    assert scheduler.log().count("Connection refused") <= 2


def test_services_whose_broker_went_away_stop_all_the_same(cloud):
    started = cloud.start_all()
    cloud.broker.stop()

    begin = time.monotonic()
    for process in started.values():
        process.ask_to_stop()

    assert {name: process.stop() for name, process in started.items()} == dict.fromkeys(started, 0)
    assert time.monotonic() - begin < 15


def test_services_started_before_their_broker_serve_when_it_comes(cloud):
    cloud.broker.stop()
    for name in ("conductor", "scheduler", "network", "compute", "api"):
        cloud.start(name)
    cloud.broker.start()

    cloud.wait_until_up(5)
    cloud.wait_for_status(cloud.boot(), "ACTIVE")


def test_sighup_reloads_the_log_level(cloud):
    cloud.config_path.write_text(
        cloud.config_path.read_text().replace("[DEFAULT]", "[DEFAULT]\nreport_interval = 1")
    )
    conductor = cloud.start("conductor")
    cloud.wait_for(lambda: "serves topic" in conductor.log(), "conductor up", 90)
    assert " DEBUG " not in conductor.log()

    config = cloud.config_path.read_text()
    cloud.config_path.write_text(config.replace("[DEFAULT]", "[DEFAULT]\ndebug = true"))
    conductor.send_signal(signal.SIGHUP)

    cloud.wait_for(lambda: " DEBUG " in conductor.log(), "DEBUG lines", 90)
    assert conductor.stop() == 0


def test_the_log_level_of_all_services_of_a_binary_is_set_by_one_message(cloud):
    conductors = [cloud.start("conductor", "--host", name) for name in ("one", "two")]
    cloud.start("api")
    cloud.wait_until_up(3)

    cloud.run("manage", "service", "log-level", "minova-conductor", "DEBUG")

    for conductor in conductors:
        cloud.wait_for(lambda c=conductor: "log level is now DEBUG" in c.log(), "DEBUG", 90)


def test_workers_share_the_work_of_a_service(cloud):
    config = cloud.config_path.read_text()
    cloud.config_path.write_text(config + "workers = 2\n[conductor]\nworkers = 2\n")
    started = cloud.start_all()

    for uuid in [cloud.boot(f"shared-{n}") for n in range(6)]:
        cloud.wait_for_status(uuid, "ACTIVE")
    assert {name: process.stop() for name, process in started.items()} == dict.fromkeys(started, 0)


def test_workers_whose_broker_went_away_stop_all_the_same(cloud):
    cloud.config_path.write_text(cloud.config_path.read_text() + "[conductor]\nworkers = 2\n")
    conductor = cloud.start("conductor")
    cloud.wait_for(lambda: conductor.log().count("serves topic") == 2, "two workers", 90)
    cloud.broker.stop()

    begin = time.monotonic()
    conductor.stop()

    assert time.monotonic() - begin < 15


def test_an_old_compute_works_beside_a_new_conductor(cloud):
    config = cloud.config_path.read_text()
    cloud.config_path.write_text(config + "[upgrade_levels]\ncompute = 1.0\n")
    for name in ("conductor", "scheduler", "network", "api"):
        cloud.start(name)
    for host in ("old1", "old2"):
        command = [sys.executable, _OLD_COMPUTE, "--config-file", cloud.config_path, "--host", host]
        cloud.processes.append(Process("compute", command, cloud.path / f"{host}.log"))
    cloud.wait_until_up(6)

    built = cloud.wait_for_status(cloud.boot(), "ACTIVE")
    assert built["OS-EXT-SRV-ATTR:host"].startswith("old")
    # It cannot hand on to an alternate, so the scheduler is asked again, and passes the failed host over.
    handed_on = cloud.wait_for_status(cloud.boot(metadata={"minova:fail": "spawn:1"}), "ACTIVE")
    assert handed_on["OS-EXT-SRV-ATTR:host"].startswith("old")


def test_two_schedulers_and_room_for_one_give_one_winner(tmp_path):
    options = {"fake_driver": {"vcpus": 1, "memory_mb": 600}, "compute": {"cpu_allocation_ratio": 1.0}}
    with Cloud(tmp_path, options=options) as cloud:
        for host in ("one", "two"):
            cloud.start("scheduler", "--host", host)
        for name in ("conductor", "network", "api", "compute"):
            cloud.start(name)
        cloud.wait_until_up(6)

        uuids = [cloud.boot(f"rival-{n}") for n in range(4)]

        def all_settled():
            states = [cloud.server(uuid)["status"] for uuid in uuids]
            return states if "BUILD" not in states else None

        assert sorted(cloud.wait_for(all_settled, "all settled", 90)) == ["ACTIVE", "ERROR", "ERROR", "ERROR"]
