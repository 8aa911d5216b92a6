# SPDX-License-Identifier: Apache-2.0
"""Guests that stop and crash by themselves, and how the agent hears of it."""

import pytest

from minova.virt import power_state
from tests.unit.virt.hypervisor_fakes import FakeInstance, wait_for

CRASHES = {"minova:crash_after_seconds": "0.05"}
STOPS = {"minova:stop_after_seconds": "0.05"}


def listen(driver):
    events = []
    driver.register_event_listener(events.append)
    return events


def spawn_and_wait(driver, metadata, state):
    instance = FakeInstance(metadata=metadata)
    driver.spawn("host1", instance, [])
    wait_for(lambda: driver.get_power_state("host1", instance.uuid) == state)
    return instance


@pytest.mark.parametrize(
    ("metadata", "transition", "state", "line"),
    [
        (CRASHES, "crashed", power_state.CRASHED, "unable to handle page fault"),
        (STOPS, "stopped", power_state.SHUTDOWN, "Power down"),
    ],
)
def test_end_is_reported_once(new_driver, metadata, transition, state, line):
    driver = new_driver()
    events = listen(driver)
    instance = spawn_and_wait(driver, metadata, state)
    assert line in driver.get_console_output("host1", instance.uuid)

    assert (driver.poll_guests(), driver.poll_guests()) == (1, 0)

    assert [event[:3] for event in events] == [("host1", instance.uuid, transition)]
    assert driver.get_power_state("host1", instance.uuid) == state
    assert driver.get_console_output("host1", instance.uuid).count(line) == 1


def test_guest_crashes_while_no_agent_runs(new_driver):
    agent = new_driver()
    instance = FakeInstance(metadata=CRASHES)
    agent.spawn("host1", instance, [])
    started_at = agent.list_guests("host1")[0].started_at
    agent.close()
    successor = new_driver()
    events = listen(successor)

    wait_for(successor.poll_guests)

    assert events[0].transition == "crashed"
    assert events[0].at == pytest.approx(started_at + 0.05)


def test_event_is_reported_again_when_the_listener_raised(new_driver):
    driver, heard = new_driver(), []

    def listener(event):
        heard.append(event)
        if len(heard) == 1:
            raise ConnectionError("the bus is away")

    driver.register_event_listener(listener)
    spawn_and_wait(driver, CRASHES, power_state.CRASHED)

    assert (driver.poll_guests(), driver.poll_guests(), driver.poll_guests()) == (0, 1, 0)
    assert heard[0] == heard[1]


def test_events_of_other_processes_hosts_are_left_to_them(new_driver):
    driver, other = new_driver(), new_driver()
    events, others_events = listen(driver), listen(other)
    other.init_host("host2")
    instance = FakeInstance(metadata=CRASHES)
    other.spawn("host2", instance, [])
    wait_for(lambda: other.get_power_state("host2", instance.uuid) == power_state.CRASHED)

    assert (driver.poll_guests(), other.poll_guests()) == (0, 1)
    assert (len(events), len(others_events)) == (0, 1)


def test_guest_that_was_started_again_is_no_news(new_driver):
    driver = new_driver()
    events = listen(driver)
    instance = spawn_and_wait(driver, CRASHES, power_state.CRASHED)
    instance.metadata = {}

    driver.power_on("host1", instance)

    assert driver.poll_guests() == 0
    assert events == []
    console = driver.get_console_output("host1", instance.uuid)
    assert console.index("Kernel panic") < console.rindex("login:")


def test_guest_crashes_again_after_each_start(new_driver):
    driver = new_driver()
    listen(driver)
    instance = spawn_and_wait(driver, CRASHES, power_state.CRASHED)
    assert driver.poll_guests() == 1

    driver.power_on("host1", instance)

    assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING
    wait_for(driver.poll_guests)


def test_stopped_guest_does_not_crash(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:crash_after_seconds": "0.2"})
    driver.spawn("host1", instance, [])
    driver.power_off("host1", instance)
    sibling = spawn_and_wait(driver, {"minova:crash_after_seconds": "0.25"}, power_state.CRASHED)

    assert driver.get_power_state("host1", instance.uuid) == power_state.SHUTDOWN
    assert driver.get_power_state("host1", sibling.uuid) == power_state.CRASHED


def test_power_off_takes_the_end_as_seen(new_driver):
    driver = new_driver()
    listen(driver)
    instance = spawn_and_wait(driver, CRASHES, power_state.CRASHED)

    driver.power_off("host1", instance)

    assert driver.get_power_state("host1", instance.uuid) == power_state.SHUTDOWN
    assert driver.poll_guests() == 0
