# SPDX-License-Identifier: Apache-2.0
"""`minova hold`, `step` and `fault` on a running minova up."""

import json

import pytest

from tests.up_process import UpProcess
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with UpProcess(tmp_path_factory.mktemp("debug") / "state", "--hosts", "1") as running:
        yield running.wait_ready()


def minova(up, *arguments, code=0):
    """Run a command on that minova up; returns what it prints, on standard error when it is to fail."""
    done = up.minova(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


def test_boot_is_held_looked_at_and_let_go(up):
    assert minova(up, "hold", "add", "--method", "build_*") == "hold 1: method build_*; has held 0\n"
    uuid = up.create("web-1")
    text = minova(up, "hold", "list", "--wait", "30s")

    assert text.startswith("hold 1: method build_*; has held 1\n\nmessage 1 waits for ")
    assert "  cast compute_task.build_instances to conductor" in text
    assert f"  about {uuid}\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert up.status(uuid) == "BUILD"
    assert "compute_task.build_instances to conductor" in minova(up, "step", "--wait", "30s")
    (held,) = json.loads(minova(up, "hold", "list", "--json", "--wait", "30s"))["held"]
    assert (held["method"], held["server_names"]) == ("build_and_run_instance", ["web-1"])
    assert minova(up, "step", "99", code=1) == "minova step: There is no held message 99.\n"
    assert minova(up, "hold", "clear") == "1 cleared, 1 released\n"
    wait_until(lambda: up.status(uuid) == "ACTIVE")
    assert minova(up, "hold", "list") == "There are no holds.\n"
    assert minova(up, "step", code=1) == "minova step: No message is held.\n"


def test_messages_and_hypervisors_are_broken_by_one_command(up):
    assert minova(up, "fault", "add", "spawn", "@host9").startswith("1: spawn @host9, error ")
    line = minova(up, "fault", "add", "--drop", "--method", "m", "--kind", "reply", "--expires", "1h")
    assert line == "m1: drop, method m, kind reply, expires in 3600 s, struck 0 of 0\n"
    minova(up, "fault", "add", "--delay", "1m", "--host", "h", "--probability", "0.5", "--seed", "7")
    listed = minova(up, "fault", "list").splitlines()
    assert [text.partition(":")[0] for text in listed] == ["1", "m1", "m2"]
    assert listed[2] == "m2: delay 60 s, host h, probability 0.5, seed 7, struck 0 of 0"
    assert minova(up, "fault", "clear", "m1") == "1 cleared\n"
    assert minova(up, "fault", "clear") == "2 cleared\n"
    assert minova(up, "fault", "list") == "There are no faults.\n"


def test_what_the_broker_refuses_is_told(up):
    refusal = minova(up, "fault", "add", "--drop", "--method", "m", "--probability", "2", code=1)

    assert refusal == "minova fault: The broker refuses: probability is a number from 0 to 1.\n"
