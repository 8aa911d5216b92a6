# SPDX-License-Identifier: Apache-2.0
"""Delays, failures and lifetimes by the options, and that a seed makes them come again."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from minova import exception
from minova.virt import store
from minova.virt.behaviour import Behaviour
from minova.virt.operation import Operation
from minova.virt.overrides import NONE, parse
from tests.unit.virt.hypervisor_fakes import FakeInstance, new_conf

NAMES = [f"vm-{number}" for number in range(40)]


def outcome(driver, host, name):
    try:
        driver.spawn(host, FakeInstance(name), [])
    except exception.HypervisorError:
        return "failed"
    return "spawned"


def test_failure_rates_fail_their_share(new_driver):
    driver = new_driver(spawn_failure_rate=0.25)

    failed = [outcome(driver, "host1", "vm") for _ in range(400)].count("failed")

    assert 60 <= failed <= 140


def test_same_seed_makes_the_same_run_on_any_thread_and_host(new_driver, state_path):
    driver = new_driver(seed="42", spawn_failure_rate=0.5)
    first = {name: outcome(driver, "host1", name) for name in NAMES}
    store.reset(state_path)
    other = new_driver(seed="42", spawn_failure_rate=0.5)
    shuffled = random.sample(NAMES, len(NAMES))

    with ThreadPoolExecutor(8) as executor:
        outcomes = executor.map(lambda name: outcome(random.choice([driver, other]), "host2", name), shuffled)
        second = dict(zip(shuffled, outcomes, strict=True))

    assert second == first
    assert set(first.values()) == {"failed", "spawned"}


def test_another_seed_makes_another_run(new_driver, state_path):
    runs = []
    for seed in ("1", "2"):
        driver = new_driver(seed=seed, spawn_failure_rate=0.5)
        runs.append([outcome(driver, "host1", name) for name in NAMES])
        store.reset(state_path)

    assert runs[0] != runs[1]


def test_instances_of_one_name_have_fates_of_their_own(new_driver):
    driver = new_driver(seed="1", spawn_failure_rate=0.5)

    assert {outcome(driver, "host1", "vm") for _ in range(20)} == {"failed", "spawned"}


def plans(state_path, count=20, wishes=NONE, **options):
    behaviour = Behaviour(new_conf(state_path, **options).fake_driver)
    store.reset(state_path)
    with store.opened(state_path) as opened, opened.write() as connection:
        return [
            behaviour.plan(connection, Operation("spawn", "host1", "", name), wishes)
            for name in NAMES[:count]
        ]


def test_a_failure_rate_does_not_change_the_delays(state_path):
    options = {"seed": "1", "spawn_seconds": "exponential:2"}
    without = plans(state_path, **options)

    with_failures = plans(state_path, **options, spawn_failure_rate=0.5)

    assert [plan.delay_seconds for plan in with_failures] == [plan.delay_seconds for plan in without]
    assert any(plan.failure for plan in with_failures)


def test_jitter_varies_the_options_delays_alone(state_path):
    found = {plan.delay_seconds for plan in plans(state_path, spawn_seconds="10", delay_jitter=0.1)}
    assert len(found) == 20
    assert 9 <= min(found) < max(found) <= 11

    wished = plans(state_path, wishes=parse({"minova:spawn_seconds": "5"}), delay_jitter=0.1)
    assert {plan.delay_seconds for plan in wished} == {5}


def test_nothing_waits_or_fails_unless_told_to(state_path):
    assert all(plan.is_smooth for plan in plans(state_path))


def test_lifetimes_follow_the_rates(state_path):
    behaviour = Behaviour(new_conf(state_path, guest_crash_rate=0.001, guest_stop_rate=0.001).fake_driver)
    with store.opened(state_path) as opened, opened.write() as connection:
        ends = [behaviour.own_end(connection, "vm", NONE) for _ in range(400)]

    # Two causes of one in 1000 hours each: half the guests have ended after 347 hours.
    assert sorted(ends)[200][0] / 3600 == pytest.approx(347, rel=0.3)
    assert {transition for _, transition in ends} == {"crashed", "stopped"}


def test_guests_live_for_ever_by_default(state_path):
    behaviour = Behaviour(new_conf(state_path).fake_driver)
    with store.opened(state_path) as opened, opened.write() as connection:
        assert behaviour.own_end(connection, "vm", NONE) is None


def test_option_that_is_no_duration_is_told_by_name(new_driver):
    with pytest.raises(exception.InvalidOption, match=r"\[fake_driver\] reboot_seconds: 'soon' is not"):
        new_driver(reboot_seconds="soon")
