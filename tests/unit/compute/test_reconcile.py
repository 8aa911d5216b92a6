# SPDX-License-Identifier: Apache-2.0
"""Guests and records brought together: who is destroyed, whose power is reported, and what comes in between."""

import pytest

from minova import context, exception, objects
from minova.compute.reconcile import Reconcile
from minova.conductor import rpcapi
from minova.virt import power_state
from minova.virt.driver import LifecycleEvent, Owner
from tests import records
from tests.fake_bus import FakeBus


@pytest.fixture
def instance(database, driver):
    """One on host1, which is active and has its guest there."""
    row = records.add_instance(database, attempt=1, host="host1", vm_state="active", power_state=1)
    spawned = objects.Instance.from_row(row)
    driver.spawn("host1", spawned, [])
    return objects.Instance.from_row(row, task_state=None, task_id=None)


def _make(bus, driver):
    return Reconcile(["host1"], driver, rpcapi.ConductorAPI(bus))


def _reported(bus):
    return [
        message.arguments["power_state"] for message in bus.messages if message.method == "sync_power_state"
    ]


def test_a_guest_that_is_on_record_is_left_alone(driver, instance):
    bus = FakeBus({"instances_of_hosts": [instance]})

    _make(bus, driver).run()

    assert bus.sent() == [("call", "conductor", "instances_of_hosts")]
    assert driver.list_instance_uuids("host1") == [instance.uuid]


def test_a_guest_that_is_not_on_record_is_destroyed(driver, instance):
    _make(FakeBus({"instances_of_hosts": []}), driver).run()

    assert driver.list_instance_uuids("host1") == []


def test_a_guest_that_came_anew_since_the_look_is_not_destroyed(driver, instance):
    """The agent slept between its look at a stranger and its destruction; meanwhile the instance had come to the
    host once more, and the agent destroyed the new guest for the old one.
    """
    back = objects.Instance(**{name: getattr(instance, name) for name in instance.fields})
    back.task_id, back.attempt = "later", 3

    def come_back(hosts):
        driver.spawn("host1", back, [])
        return []

    _make(FakeBus({"instances_of_hosts": come_back}), driver).run()

    assert [guest.owner for guest in driver.list_guests("host1")] == [Owner("later", 3)]


def test_a_guest_that_cannot_be_destroyed_does_not_keep_the_others(driver, instance):
    class Refusing:
        destroyed = []

        def __getattr__(self, name):
            return getattr(driver, name)

        def destroy(self, host, uuid, owner):
            self.destroyed.append(uuid)
            raise exception.HypervisorError(operation="destroy", reason="told to")

    other = objects.Instance(**{name: getattr(instance, name) for name in instance.fields})
    other.uuid = "ffffffff-0000-0000-0000-000000000000"
    driver.spawn("host1", other, [])

    _make(FakeBus({"instances_of_hosts": []}), Refusing()).run()

    assert sorted(Refusing.destroyed) == sorted([instance.uuid, other.uuid])


def test_a_guest_that_stopped_by_itself_is_reported(driver, instance):
    bus = FakeBus()
    driver.power_off("host1", instance)

    _make(bus, driver).on_lifecycle_event(LifecycleEvent("host1", instance.uuid, "stopped", 0.0))

    assert _reported(bus) == [power_state.SHUTDOWN]


def test_a_report_that_was_overtaken_is_made_again(driver, instance):
    """Between the look at a running guest and the report of it, the guest was stopped and the record said so; the
    late report made the record active again until the next comparison.
    """

    def stop_meanwhile(**_arguments):
        driver.power_off("host1", instance)

    bus = FakeBus({"sync_power_state": stop_meanwhile})
    instance.power_state = power_state.SHUTDOWN
    bus.replies["instances_of_hosts"] = [instance]

    _make(bus, driver).run()

    assert _reported(bus) == [power_state.RUNNING, power_state.SHUTDOWN]


@pytest.mark.parametrize(("host", "left"), [("host1", True), ("host2", False), (None, False)])
def test_who_lost_a_task_keeps_the_guest_only_if_the_instance_is_still_here(driver, instance, host, left):
    instance.host = host

    belongs = _make(FakeBus({"find_instance": instance}), driver).settle(
        context.get_admin_context(), "host1", instance.uuid
    )

    assert belongs is left
    assert bool(driver.list_guests("host1")) is left


def test_who_lost_a_task_of_a_deleted_instance_destroys_the_guest(driver, instance):
    reconcile = _make(FakeBus({"find_instance": None}), driver)

    assert not reconcile.settle(context.get_admin_context(), "host1", instance.uuid)
    assert driver.list_guests("host1") == []
