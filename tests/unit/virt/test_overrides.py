# SPDX-License-Identifier: Apache-2.0
"""What a server's metadata may say to the hypervisor, and what it does."""

import pytest

from minova import exception
from minova.virt import overrides, power_state
from tests.unit.virt.hypervisor_fakes import FakeInstance


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        None,
        {"spawn_seconds": "anything", "my:key": "", "minova": "x"},
        {"minova:spawn_seconds": "2", "minova:destroy_seconds": "uniform:1,3"},
        {"minova:power_on_seconds": "0", "minova:power_off_seconds": "0", "minova:reboot_seconds": "0"},
        {"minova:spawn_failure_rate": "0.5", "minova:reboot_failure_rate": "1"},
        {"minova:crash_after_seconds": "exponential:60", "minova:stop_after_seconds": "5"},
        {"minova:fail": "spawn"},
        {"minova:fail": "spawn:2, reboot@host1,destroy@rack?-*:3"},
        {"minova:fail": "get_console_output,get_diagnostics"},
    ],
)
def test_good_metadata_is_accepted(metadata):
    overrides.validate_metadata(metadata)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("minova:", "1"),
        ("minova:spawn", "1"),
        ("minova:spawn_second", "1"),
        ("minova:fly_seconds", "1"),
        ("minova:_seconds", "1"),
        ("minova:get_console_output_seconds", "1"),
        ("minova:SPAWN_seconds", "1"),
        ("minova:spawn_seconds", ""),
        ("minova:spawn_seconds", "long"),
        ("minova:spawn_seconds", "-1"),
        ("minova:crash_after_seconds", "never"),
        ("minova:spawn_failure_rate", "1.1"),
        ("minova:spawn_failure_rate", "nan"),
        ("minova:spawn_failure_rate", "often"),
        ("minova:fail", ""),
        ("minova:fail", "spawn,"),
        ("minova:fail", "fly"),
        ("minova:fail", "spawn:0"),
        ("minova:fail", "spawn:-1"),
        ("minova:fail", "spawn:2@host1"),
        ("minova:fail", "spawn@"),
        ("minova:fail", "spawn host1"),
    ],
)
def test_bad_metadata_is_refused_by_name(key, value):
    with pytest.raises(exception.InvalidMetadata) as raised:
        overrides.validate_metadata({"other": "x", key: value})

    assert raised.value.code == 400
    assert raised.value.message.startswith(f"Invalid metadata: {key}: ")


def test_bad_metadata_fails_the_operation_and_changes_nothing(new_driver):
    driver = new_driver()

    with pytest.raises(exception.HypervisorError, match="minova:fail: 'fly'"):
        driver.spawn("host1", FakeInstance(metadata={"minova:fail": "fly"}), [])

    assert driver.list_guests("host1") == []


def test_failed_spawn_leaves_nothing(new_driver):
    driver = new_driver()

    with pytest.raises(exception.HypervisorError, match="minova:fail says so"):
        driver.spawn("host1", FakeInstance(metadata={"minova:fail": "spawn"}), [])

    assert driver.list_guests("host1") == []


def test_first_attempts_fail_wherever_they_are_made(new_driver):
    driver, metadata = new_driver(), {"minova:fail": "spawn:2"}

    for attempt, host in ((1, "host1"), (1, "host1"), (2, "host2")):
        with pytest.raises(exception.HypervisorError):
            driver.spawn(host, FakeInstance(metadata=metadata, attempt=attempt), [])
    driver.spawn("host3", FakeInstance(metadata=metadata, attempt=3), [])


def test_failure_on_one_host_spares_the_others(new_driver):
    driver, metadata = new_driver(), {"minova:fail": "spawn@host1"}

    with pytest.raises(exception.HypervisorError):
        driver.spawn("host1", FakeInstance(metadata=metadata), [])
    driver.spawn("host11", FakeInstance(metadata=metadata), [])


def test_first_reboots_fail_and_leave_the_guest_as_it_was(new_driver):
    driver = new_driver()
    instance = FakeInstance(metadata={"minova:fail": "reboot:2"}, task_id="reboot")
    driver.spawn("host1", instance, [])
    before = driver.get_console_output("host1", instance.uuid)

    for _ in range(2):
        with pytest.raises(exception.HypervisorError):
            driver.reboot("host1", instance, "HARD")
    assert driver.get_console_output("host1", instance.uuid) == before
    driver.reboot("host1", instance, "HARD")
    assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING


def test_first_destroy_fails_and_leaves_the_guest(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:fail": "destroy:1"})
    driver.spawn("host1", instance, [])

    with pytest.raises(exception.HypervisorError):
        driver.destroy("host1", instance.uuid)
    assert driver.list_instance_uuids("host1") == [instance.uuid]
    assert driver.destroy("host1", instance.uuid) is True


def test_questions_can_fail_too(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:fail": "get_console_output:1"})
    driver.spawn("host1", instance, [])

    with pytest.raises(exception.HypervisorError):
        driver.get_console_output("host1", instance.uuid)
    assert driver.get_console_output("host1", instance.uuid)


def test_metadata_goes_before_the_options(new_driver):
    driver = new_driver(spawn_seconds="600", spawn_failure_rate=1.0)
    wishes = {"minova:spawn_seconds": "0", "minova:spawn_failure_rate": "0"}

    driver.spawn("host1", FakeInstance(metadata=wishes), [])

    assert len(driver.list_guests("host1")) == 1
