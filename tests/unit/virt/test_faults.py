# SPDX-License-Identifier: Apache-2.0
"""Fault rules, given by one process and obeyed by another."""

import time

import pytest

from minova import exception
from minova.virt import faults
from minova.virt.faults import FaultRule
from minova.virt.operation import Operation
from tests.unit.virt.hypervisor_fakes import FakeInstance


def fails(driver, host="host1", name="vm"):
    try:
        driver.spawn(host, FakeInstance(name), [])
    except exception.HypervisorError:
        return True
    return False


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("web-1", True),
        ("web-*", True),
        ("web-?", True),
        ("web", False),
        ("f00d*", True),
        ("@host1", True),
        ("@host*", True),
        ("@host2", False),
        ("*@host1", True),
        ("web-*@host1", True),
        ("web-*@host2", False),
        ("db-*@host1", False),
        ("host1", False),
    ],
)
def test_pattern_names_instances_and_hosts(pattern, matches):
    operation = Operation("spawn", "host1", "f00d-1", "web-1")

    assert FaultRule("spawn", pattern).matches(operation) is matches
    assert FaultRule("*", pattern).matches(operation) is matches
    assert not FaultRule("destroy", pattern).matches(operation)


def test_rule_is_for_running_hypervisors_until_it_is_cleared(new_driver, state_path):
    driver = new_driver()
    assert not fails(driver)

    rule = faults.add_fault(state_path, FaultRule("spawn", "@host1", error="the disk is full"))

    with pytest.raises(exception.HypervisorError, match="the disk is full"):
        driver.spawn("host1", FakeInstance(), [])
    assert not fails(driver, "host2")
    assert faults.clear_faults(state_path, rule.id) == 1
    assert not fails(driver)


def test_skip_and_maximum_bound_the_strikes(new_driver, state_path):
    driver = new_driver()
    faults.add_fault(state_path, FaultRule("spawn", skip=2, maximum=3))

    assert [fails(driver) for _ in range(7)] == [False, False, True, True, True, False, False]
    (rule,) = faults.list_faults(state_path)
    assert (rule.hits, rule.strikes) == (5, 3)


def test_expired_rule_strikes_no_more(new_driver, state_path):
    faults.add_fault(state_path, FaultRule("spawn", expires_at=time.time() - 1))

    assert not fails(new_driver())


def test_probability_strikes_its_share(new_driver, state_path):
    driver = new_driver(seed="1")
    faults.add_fault(state_path, FaultRule("spawn", probability=0.3))

    assert 30 <= sum(fails(driver) for _ in range(150)) <= 60


def test_rule_without_error_only_delays(new_driver, state_path):
    driver, started_at = new_driver(), time.monotonic()
    faults.add_fault(state_path, FaultRule("spawn", delay="0.05", error=None))
    faults.add_fault(state_path, FaultRule("spawn", delay="0.05", error=None))

    assert not fails(driver)

    assert time.monotonic() - started_at >= 0.1


def test_questions_about_a_host_obey_rules(new_driver, state_path):
    driver = new_driver()
    faults.add_fault(state_path, FaultRule("get_available_resource", "@host1", maximum=1))
    faults.add_fault(state_path, FaultRule("list_guests", "some-instance"))

    with pytest.raises(exception.HypervisorError):
        driver.get_available_resource("host1")
    driver.get_available_resource("host1")
    driver.list_guests("host1")


def test_rules_are_listed_and_cleared(state_path):
    first = faults.add_fault(state_path, FaultRule("spawn"))
    second = faults.add_fault(state_path, FaultRule("*", "web-*", 0.5, "uniform:1,2", None, 1, 2, 9e9))

    assert faults.list_faults(state_path) == [first, second]
    assert faults.clear_faults(state_path) == 2
    assert faults.list_faults(state_path) == []


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("fly"),
        FaultRule(""),
        FaultRule("spawn", probability=1.5),
        FaultRule("spawn", probability=float("nan")),
        FaultRule("spawn", delay="soon"),
        FaultRule("spawn", skip=-1),
        FaultRule("spawn", maximum=0),
        FaultRule("spawn", error=None),
    ],
)
def test_senseless_rule_is_refused(state_path, rule):
    with pytest.raises(exception.Invalid):
        faults.add_fault(state_path, rule)

    assert faults.list_faults(state_path) == []
