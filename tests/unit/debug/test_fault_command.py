# SPDX-License-Identifier: Apache-2.0
"""`minova fault` puts rules into force, shows them and takes them away."""

import os

import pytest

from minova import exception
from minova.debug import fault_command
from tests.unit.virt.hypervisor_fakes import FakeInstance


@pytest.fixture
def fault(state_path, capsys):
    os.mkdir(state_path)

    def call(*argv):
        code = fault_command.run(fault_command.parser().parse_args([*argv, "--state-path", state_path]))
        return code, *capsys.readouterr()

    return call


def test_rule_is_added_shown_and_cleared(fault, new_driver):
    driver = new_driver()

    assert fault("add", "spawn", "@host1", "--error", "no space", "--maximum", "1") == (
        0,
        "1: spawn @host1, error 'no space', maximum 1, struck 0 of 0\n",
        "",
    )
    with pytest.raises(exception.HypervisorError, match="no space"):
        driver.spawn("host1", FakeInstance(), [])
    assert fault("list")[1] == "1: spawn @host1, error 'no space', maximum 1, struck 1 of 1\n"
    assert fault("clear", "1") == (0, "1 cleared\n", "")
    assert fault("list") == (0, "There are no faults.\n", "")
    assert fault("clear", "1") == (1, "", "minova fault: There is no fault 1 of the hypervisors.\n")


@pytest.mark.parametrize("argv", [("add", "spawn"), ("list",), ("clear",)])
def test_a_state_path_that_is_not_there_is_told_and_not_made(tmp_path, capsys, argv):
    """After a slip in its name a rule was put into force where nobody looks."""
    elsewhere = tmp_path / "elsewhere"
    assert fault_command.run(fault_command.parser().parse_args([*argv, "--state-path", str(elsewhere)])) == 1
    assert f"There is no state path {elsewhere}" in capsys.readouterr().err
    assert not elsewhere.exists()


def test_every_part_of_a_rule_can_be_told(fault):
    _, line, _ = fault(
        *("add", "*", "web-*", "--probability", "0.5", "--delay", "uniform:1,3", "--delay-only"),
        *("--skip", "2", "--expires-in", "600"),
    )

    assert line == "1: * web-*, probability 0.5, delay uniform:1,3, skip 2, expires in 600 s, struck 0 of 0\n"


def test_senseless_rule_is_told(fault):
    code, out, err = fault("add", "fly")

    assert (code, out) == (1, "")
    assert err.startswith("minova fault: Invalid request: method is 'fly', not '*' or one of spawn, ")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (
            (),
            "Say what happens to messages by one of --drop, --delay 2s, --duplicate and --corrupt, or name a ",
        ),
        (("--drop", "--corrupt", "--method", "m"), "Say what happens to messages by one of --drop, "),
        (("--drop", "--delay", "2", "--method", "m"), "Say what happens to messages by one of --drop, "),
        (("--drop",), "Say which messages, for example --method build_and_run_instance."),
        (("--delay", "uniform:1,3", "--method", "m"), "'uniform:1,3' is not a duration such as 2s, "),
        (("--error", "text"), "--error: only for hypervisors, of which a METHOD has to be named."),
        (
            ("spawn", "--drop", "--kind", "call"),
            "--drop, --kind: only for messages, but METHOD spawn is of the hypervisors. A message's method is ",
        ),
        (("--drop", "--method", "m"), "No minova up runs on the state path "),
    ],
)
def test_kinds_of_faults_are_not_mixed(fault, argv, sentence):
    code, out, err = fault("add", *argv)

    assert (code, out) == (1, "")
    assert err.startswith(f"minova fault: {sentence}")


def test_duration_may_have_a_unit(fault):
    assert "delay 1.5," in fault("add", "spawn", "--delay", "1500ms", "--delay-only")[1]
    assert "expires in 120 s," in fault("add", "spawn", "--expires", "2m")[1]


def test_message_fault_cannot_be_cleared_without_its_broker(fault):
    code, _, err = fault("clear", "m1")

    assert code == 1
    assert err.startswith("minova fault: No minova up runs on the state path ")


@pytest.mark.parametrize("text", ["x1", "m", "-1", "1.5"])
def test_what_is_no_rule_cannot_be_cleared(fault, text, capsys):
    with pytest.raises(SystemExit):
        fault("clear", text)
