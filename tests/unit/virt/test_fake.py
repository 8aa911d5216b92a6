# SPDX-License-Identifier: Apache-2.0
"""The simulated hypervisor keeps the contract of driver.py."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from minova import exception
from minova.virt import power_state
from minova.virt.driver import Owner
from tests.unit.virt.hypervisor_fakes import FakeInstance, wait_for

LINK = {"address": "10.0.0.2", "mac_address": "fa:16:3e:00:00:01"}


def run_in_thread(function, *args):
    """Start the call and return a function that ends it and returns what it raised."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(function, *args)
    executor.shutdown(wait=False)
    return lambda: future.exception(timeout=10)


def states(driver, host="host1"):
    return {guest.uuid: guest.power_state for guest in driver.list_guests(host)}


def test_spawned_guest_runs(new_driver):
    driver, instance = new_driver(), FakeInstance(vcpus=2, memory_mb=1024, root_gb=3)

    driver.spawn("host1", instance, [LINK])

    assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING
    (guest,) = driver.list_guests("host1")
    assert (guest.uuid, guest.name, guest.owner) == (instance.uuid, "vm", Owner(instance.task_id, 1))
    assert (guest.vcpus, guest.memory_mb, guest.disk_gb) == (2, 1024, 3)
    assert driver.list_instance_uuids("host1") == [instance.uuid]


def test_hosts_have_their_own_guests(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])

    assert driver.list_instance_uuids("host2") == []
    with pytest.raises(exception.GuestNotFound):
        driver.get_power_state("host2", instance.uuid)


def test_resources_count_the_guests(new_driver):
    driver = new_driver(vcpus=8, memory_mb=4096, local_gb=100)
    for _ in range(3):
        driver.spawn("host1", FakeInstance(vcpus=2, memory_mb=256, root_gb=5), [])

    found = driver.get_available_resource("host1")

    assert (found.vcpus, found.memory_mb, found.local_gb) == (8, 4096, 100)
    assert (found.guests, found.vcpus_used, found.memory_mb_used, found.local_gb_used) == (3, 6, 768, 15)
    assert found.hypervisor_uuid != driver.get_available_resource("host2").hypervisor_uuid


def test_default_hosts_hold_250_small_guests(new_driver):
    found = new_driver().get_available_resource("host1")

    assert found.vcpus * 4 >= 250
    assert found.memory_mb >= 250 * 512
    assert found.local_gb >= 250


def test_spawn_again_for_the_same_attempt_leaves_the_guest_alone(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])
    driver.power_off("host1", instance)
    before = driver.list_guests("host1")

    driver.spawn("host1", instance, [])

    assert driver.list_guests("host1") == before


def test_spawn_of_a_later_attempt_replaces_the_guest(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])

    driver.spawn("host1", replace(instance, attempt=2), [])

    assert [guest.owner.attempt for guest in driver.list_guests("host1")] == [2]


def test_spawn_of_an_earlier_attempt_is_refused(new_driver):
    driver, instance = new_driver(), FakeInstance(attempt=2)
    driver.spawn("host1", instance, [])

    with pytest.raises(exception.HypervisorError, match="attempt 2 has its guest"):
        driver.spawn("host1", replace(instance, attempt=1), [])

    assert [guest.owner.attempt for guest in driver.list_guests("host1")] == [2]


def test_destroy_is_idempotent(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])

    assert driver.destroy("host1", instance.uuid) is True
    assert driver.destroy("host1", instance.uuid) is False
    assert driver.list_guests("host1") == []


def test_destroy_for_an_owner_spares_the_successors_guest(new_driver):
    driver, instance = new_driver(), FakeInstance(attempt=2)
    driver.spawn("host1", instance, [])

    assert driver.destroy("host1", instance.uuid, Owner(instance.task_id, 1)) is False
    assert driver.destroy("host1", instance.uuid, Owner(instance.task_id, 2)) is True


def test_power_operations_are_idempotent(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])

    for _ in range(2):
        driver.power_off("host1", instance)
        assert driver.get_power_state("host1", instance.uuid) == power_state.SHUTDOWN
    for _ in range(2):
        driver.power_on("host1", instance)
        assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING
    assert driver.get_console_output("host1", instance.uuid).count("login:") == 2


@pytest.mark.parametrize("method", ["power_on", "power_off", "get_power_state", "get_diagnostics"])
def test_missing_guest_is_told(new_driver, method):
    driver, instance = new_driver(), FakeInstance()
    subject = instance if method.startswith("power") else instance.uuid

    with pytest.raises(exception.GuestNotFound):
        getattr(driver, method)("host1", subject)


@pytest.mark.parametrize(("reboot_type", "shutdowns"), [("SOFT", 1), ("HARD", 0)])
def test_reboot_boots_once_per_task(new_driver, reboot_type, shutdowns):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])
    first, second = replace(instance, task_id="first"), replace(instance, task_id="second")

    for task in (first, first, second):
        driver.reboot("host1", task, reboot_type)

    console = driver.get_console_output("host1", instance.uuid)
    assert console.count("login:") == 3
    assert console.count("Power down") == 2 * shutdowns
    assert driver.list_guests("host1")[0].owner.task_id == instance.task_id


def test_reboot_starts_a_guest_that_was_off(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])
    driver.power_off("host1", instance)

    driver.reboot("host1", replace(instance, task_id="other"), "HARD")

    assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING


def test_console_is_cut_to_the_lines_asked_for(new_driver):
    driver, instance = new_driver(), FakeInstance(display_name="web-1")
    driver.spawn("host1", instance, [LINK])

    whole = driver.get_console_output("host1", instance.uuid)

    assert LINK["address"] in whole
    assert driver.get_console_output("host1", instance.uuid, 1) == "web-1 login: \n"
    assert driver.get_console_output("host1", instance.uuid, 0) == ""
    assert driver.get_console_output("host1", instance.uuid, 10_000) == whole
    assert driver.get_console_output("host1", instance.uuid, -1) == whole


def test_console_stays_bounded(new_driver):
    driver, instance = new_driver(), FakeInstance()
    driver.spawn("host1", instance, [])

    for number in range(100):
        driver.reboot("host1", replace(instance, task_id=f"task {number}"), "SOFT")

    assert len(driver.get_console_output("host1", instance.uuid)) < 16_384


def test_diagnostics_describe_the_guest(new_driver):
    driver, instance = new_driver(), FakeInstance(vcpus=2, memory_mb=1024)
    driver.spawn("host1", instance, [LINK])

    found = driver.get_diagnostics("host1", instance.uuid)

    assert (found["state"], found["num_cpus"], found["num_nics"]) == ("running", 2, 1)
    assert found["memory_details"]["maximum"] == 1024
    assert found["nic_details"][0]["mac_address"] == LINK["mac_address"]
    driver.power_off("host1", instance)
    assert driver.get_diagnostics("host1", instance.uuid)["state"] == "shutdown"


def test_spawn_waits_as_long_as_told(new_driver):
    driver = new_driver(spawn_seconds="0.2")
    ended = run_in_thread(driver.spawn, "host1", FakeInstance(), [])

    wait_for(lambda: list(states(driver).values()) == [power_state.NOSTATE])
    wait_for(lambda: list(states(driver).values()) == [power_state.RUNNING])
    assert ended() is None


def test_destroy_ends_a_spawn_that_waits(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:spawn_seconds": "600"})
    ended = run_in_thread(driver.spawn, "host1", instance, [])
    wait_for(lambda: driver.list_guests("host1"))

    assert driver.destroy("host1", instance.uuid) is True

    error = ended()
    assert isinstance(error, exception.GuestNotFound)
    assert "was destroyed" in error.message
    assert driver.list_guests("host1") == []


def test_destroy_for_another_owner_does_not_end_a_spawn(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:spawn_seconds": "0.3"})
    ended = run_in_thread(driver.spawn, "host1", instance, [])
    wait_for(lambda: driver.list_guests("host1"))

    assert driver.destroy("host1", instance.uuid, Owner("other", 1)) is False

    assert ended() is None
    assert driver.get_power_state("host1", instance.uuid) == power_state.RUNNING


def test_destroy_by_another_process_ends_a_spawn_at_its_end(new_driver):
    driver, other = new_driver(), new_driver()
    instance = FakeInstance(metadata={"minova:spawn_seconds": "0.2"})
    ended = run_in_thread(driver.spawn, "host1", instance, [])
    wait_for(lambda: other.list_guests("host1"))

    assert other.destroy("host1", instance.uuid) is True

    assert isinstance(ended(), exception.GuestNotFound)
    assert driver.list_guests("host1") == []


def test_destroy_ends_a_reboot_that_waits(new_driver):
    driver, instance = new_driver(reboot_seconds="600"), FakeInstance()
    driver.spawn("host1", instance, [])
    ended = run_in_thread(driver.reboot, "host1", replace(instance, task_id="other"), "SOFT")
    wait_for(lambda: driver._waits._waits)

    driver.destroy("host1", instance.uuid)

    assert isinstance(ended(), exception.GuestNotFound)


def test_two_deliveries_of_one_spawn_make_one_guest(new_driver):
    driver, instance = new_driver(spawn_seconds="uniform:0.05,0.1"), FakeInstance()
    first = run_in_thread(driver.spawn, "host1", instance, [])
    second = run_in_thread(driver.spawn, "host1", instance, [])

    assert (first(), second()) == (None, None)
    assert states(driver) == {instance.uuid: power_state.RUNNING}
    assert driver.get_console_output("host1", instance.uuid).count("login:") == 1


def test_close_ends_what_waits_and_the_spawn_can_be_finished(new_driver):
    driver, instance = new_driver(spawn_seconds="600"), FakeInstance()
    ended = run_in_thread(driver.spawn, "host1", instance, [])
    wait_for(lambda: driver.list_guests("host1"))

    driver.close()

    assert "the driver was closed" in ended().message
    successor = new_driver()
    assert states(successor) == {instance.uuid: power_state.NOSTATE}
    successor.spawn("host1", instance, [])
    assert states(successor) == {instance.uuid: power_state.RUNNING}


def test_closed_driver_refuses_work(new_driver):
    driver = new_driver()
    driver.close()
    driver.close()

    with pytest.raises(exception.HypervisorError, match="was closed"):
        driver.spawn("host1", FakeInstance(), [])


def test_guest_that_is_being_spawned_cannot_be_rebooted(new_driver):
    driver, instance = new_driver(), FakeInstance(metadata={"minova:spawn_seconds": "600"})
    ended = run_in_thread(driver.spawn, "host1", instance, [])
    wait_for(lambda: driver.list_guests("host1"))

    with pytest.raises(exception.HypervisorError, match="still being spawned"):
        driver.reboot("host1", instance, "HARD")

    driver.destroy("host1", instance.uuid)
    ended()


def test_two_processes_see_the_same_guests(new_driver):
    driver, other, instance = new_driver(), new_driver(), FakeInstance()

    driver.spawn("host1", instance, [])

    assert states(other) == {instance.uuid: power_state.RUNNING}
    other.power_off("host1", instance)
    assert driver.get_power_state("host1", instance.uuid) == power_state.SHUTDOWN


def test_many_threads_of_two_processes_work_at_once(new_driver):
    drivers = [new_driver(), new_driver()]
    instances = [FakeInstance() for _ in range(200)]

    def live(number):
        driver = drivers[number % 2]
        driver.spawn("host1", instances[number], [])
        driver.reboot("host1", replace(instances[number], task_id="other"), "HARD")
        return number % 4 or driver.destroy("host1", instances[number].uuid)

    with ThreadPoolExecutor(16) as executor:
        assert all(executor.map(live, range(200)))
    assert len(drivers[0].list_guests("host1")) == 150


AGENT = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.unit.virt.hypervisor_fakes import FakeInstance, new_conf
from minova.virt.fake import FakeDriver
driver = FakeDriver(new_conf(sys.argv[1]))
driver.init_host("host1")
waiting = FakeInstance(metadata={"minova:spawn_seconds": "600"})
for number in range(20):
    instance = FakeInstance()
    driver.spawn("host1", instance, [])
    print(instance.uuid, flush=True)
print(waiting.uuid, flush=True)
driver.spawn("host1", waiting, [])
"""


def test_guests_survive_a_killed_agent(new_driver, state_path, request):
    root = str(request.config.rootpath)
    with subprocess.Popen(
        [sys.executable, "-c", AGENT, state_path, root], stdout=subprocess.PIPE, text=True
    ) as agent:
        uuids = [agent.stdout.readline().strip() for _ in range(21)]
        driver = new_driver()
        wait_for(lambda: uuids[20] in states(driver))
        agent.send_signal(signal.SIGKILL)

    found = states(driver)

    assert {found.pop(uuid) for uuid in uuids[:20]} == {power_state.RUNNING}
    assert found == {uuids[20]: power_state.NOSTATE}
    assert driver.destroy("host1", uuids[20]) is True


def test_no_descriptor_is_kept_per_guest(new_driver):
    driver = new_driver()
    driver.spawn("host1", FakeInstance(), [])
    before = descriptors()

    for number in range(50):
        driver.spawn(f"host{number}", FakeInstance(), [])

    assert descriptors() == before
    assert threading.active_count() < 20


def descriptors():
    return len(os.listdir("/dev/fd"))
