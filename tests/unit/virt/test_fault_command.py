# SPDX-License-Identifier: Apache-2.0
"""`minova fault` puts rules into force, shows them and takes them away."""

import pytest

from minova import exception
from minova.virt import fault_command
from tests.unit.virt.hypervisor_fakes import FakeInstance


@pytest.fixture
def fault(state_path, capsys):
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
    assert fault("list") == (0, "", "")


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
