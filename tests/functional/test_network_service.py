# SPDX-License-Identifier: Apache-2.0
"""A real minova-network on an embedded broker, asked over RPC and looked after with minova-manage."""

import json
import subprocess
import sys

import pytest

from minova.db import default_data
from tests import cloud

# Asks as a compute does, in a process of its own: oslo.messaging knows one configuration per process.
_CLIENT = """
import json, sys
from minova import context, exception, rpc
from minova.conf import CONF
from minova.network import api
rpc.set_defaults(CONF)
CONF(["--config-file", sys.argv[1]], project="minova")
bus = rpc.Bus("minova-compute", "host1")
network_api, admin = api.API(bus), context.get_admin_context()
for method, arguments in json.loads(sys.argv[2]):
    try:
        print(json.dumps(getattr(network_api, method)(admin, **arguments)))
    except exception.MinovaException as error:
        print(json.dumps([type(error).__name__.removesuffix("_Remote"), error.message]))
bus.cleanup()
"""
_PRIVATE = default_data.fixed_id("network", "private")
_ALL_UP = "enabled  up"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A cloud of nothing but a network service."""
    options = {
        "network": {"rpc_timeout": 2, "query_deadline": 2},
        "oslo_messaging_rabbit": {"kombu_missing_consumer_retry_timeout": 2},
    }
    started = cloud.Cloud(tmp_path_factory.mktemp("cloud"), options=options)
    try:
        started.network = started.start("network")
        _wait_until_up(started)
        yield started
    finally:
        started.close()


def _wait_until_up(running):
    running.wait_for(lambda: _ALL_UP in running.run("manage", "service", "list"), "minova-network up", 90)


def _ask(running, *calls):
    command = [sys.executable, "-c", _CLIENT, str(running.config_path), json.dumps(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _allocate(instance_uuid, networks, attempt=0):
    arguments = {"instance_uuid": instance_uuid, "attempt": attempt, "project_id": "demo"}
    return "allocate_for_instance", {**arguments, "requested_networks": networks}


def _manage(running, *arguments):
    command = [
        sys.executable,
        "-m",
        "minova.cmd.manage",
        "--config-file",
        str(running.config_path),
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_addresses_are_allocated_again_after_they_were_freed(running):
    first, repeated, other = _ask(
        running, _allocate("i", [_PRIVATE]), _allocate("i", [_PRIVATE], attempt=1), _allocate("j", [_PRIVATE])
    )
    assert first == repeated
    assert [first[0]["label"], first[0]["address"], other[0]["address"]] == [
        "private",
        "10.0.0.2",
        "10.0.0.3",
    ]
    _ask(running, ("deallocate_for_instance", {"instance_uuid": "i"}))
    running.wait_for(lambda: "[instance: i] 1 addresses freed" in running.network.log(), "freed", 90)
    ((link,),) = _ask(running, _allocate("k", [_PRIVATE]))
    assert link["address"] == "10.0.0.2"


def test_errors_come_back_as_minovas_own(running):
    (error,) = _ask(running, _allocate("i", ["unknown"]))
    assert error == ["NetworkNotFound", "Network unknown could not be found."]
    assert "Traceback" not in running.network.log()


def test_ping_prints_round_trips(running):
    done = _manage(running, "service", "ping")
    assert done.returncode == 0, done.stderr
    header, line = done.stdout.splitlines()
    assert header.split() == ["Binary", "Host", "Round", "trip"]
    binary, host, milliseconds, unit = line.split()
    assert (binary, host, unit) == ("minova-network", "controller", "ms")
    assert 0 < float(milliseconds) < 1000


def test_log_level_reaches_the_running_service(running):
    running.run("manage", "service", "log-level", "minova-network", "error")
    running.run("manage", "service", "log-level", "minova-network", "debug")
    running.wait_for(lambda: "log level is now DEBUG" in running.network.log(), "debug", 90)


def test_service_that_is_gone_does_not_answer_and_comes_back(running):
    running.network.kill()
    done = _manage(running, "service", "ping", "--timeout", "1")
    assert done.returncode == 1
    assert "no answer in 1 s" in done.stdout
    (error,) = _ask(running, _allocate("late", [_PRIVATE]))
    name, sentence = error
    assert name == "ServiceUnavailable"
    assert "The network service is silent for " in sentence

    running.network.start()
    running.wait_for(lambda: _manage(running, "service", "ping").returncode == 0, "an answer", 90)
    assert running.network.stop() == 0
    running.network.start()


def test_service_waits_for_the_schema(tmp_path):
    started = cloud.Cloud(tmp_path)
    try:
        (tmp_path / "state" / "minova.sqlite3").unlink()
        network = started.start("network")
        started.wait_for(lambda: "run minova-manage db sync" in network.log(), "waiting", 90)
        started.run("manage", "db", "sync")
        started.wait_for(lambda: "serves topic network" in network.log(), "serving", 90)
        assert network.stop() == 0
    finally:
        started.close()
