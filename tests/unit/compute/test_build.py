# SPDX-License-Identifier: Apache-2.0
"""Building on one host: the whole list of messages of each outcome, and what is left in the hypervisor."""

import types

import pytest

from minova import context, exception, objects
from minova.compute import reconcile
from minova.compute.build import Build
from minova.conductor import api as conductor_api
from minova.conductor import rpcapi as conductor_rpcapi
from minova.network import api as network_api
from minova.virt.driver import Owner
from tests import records
from tests.fake_bus import FakeBus

_ADDRESS = {
    "network_id": "net",
    "label": "private",
    "address": "10.0.0.2",
    "version": 4,
    "mac_address": "fa:16",
}
_LOST = exception.UnexpectedTaskStateError(instance_id="1", expected="mine", actual="another's")
_UPDATE = ("call", "conductor", "instance_update")
_ALLOCATE = ("call", "network", "allocate_for_instance")
_DEALLOCATE = ("cast", "network", "deallocate_for_instance")
_FIND = ("call", "conductor", "find_instance")
_RESCHEDULE = ("cast", "conductor", "reschedule_instance")


class FakeDriver:
    """Keeps guests in a dict; ``error`` is what a spawn raises."""

    def __init__(self, error=None):
        self.guests = {}
        self._error = error

    def spawn(self, host, instance, network_info):
        if self._error:
            raise self._error
        owner = Owner(instance.task_id, instance.attempt)
        self.guests[instance.uuid] = types.SimpleNamespace(
            host=host, uuid=instance.uuid, owner=owner, power_state=1, network_info=network_info
        )

    def list_guests(self, host):
        return [guest for guest in self.guests.values() if guest.host == host]

    def destroy(self, host, instance_uuid, owner=None):
        return self.guests.pop(instance_uuid, None) is not None


@pytest.fixture
def instance(database):
    row = records.add_instance(database, attempt=1, host="host1")
    return objects.Instance.from_row(row)


def _run(bus, driver, instance, networks=None):
    spec = records.make_request_spec([instance], requested_networks=networks)
    conductor = conductor_rpcapi.ConductorAPI(bus)
    reconciler = reconcile.Reconcile(["host1"], driver, conductor)
    build = Build(driver, conductor, conductor_api.ComputeTaskAPI(bus), network_api.API(bus), reconciler)
    build.run(context.get_admin_context(), instance, spec, alternates=[])


def test_a_build_without_a_network_is_two_calls(instance):
    bus, driver = FakeBus(), FakeDriver()

    _run(bus, driver, instance)

    assert bus.sent() == [_UPDATE, _UPDATE]
    assert [message.arguments["updates"].get("task_state") for message in bus.messages] == ["spawning", None]
    assert bus.messages[1].arguments["task"] == [instance.task_id, 1]
    assert driver.guests[instance.uuid].network_info == []


def test_a_build_with_a_network_asks_for_addresses_first(instance):
    bus, driver = FakeBus({"allocate_for_instance": [_ADDRESS]}), FakeDriver()

    _run(bus, driver, instance, networks=["net"])

    assert bus.sent() == [_ALLOCATE, _UPDATE, _UPDATE]
    assert bus.messages[1].arguments["updates"]["network_info"] == [_ADDRESS]
    assert driver.guests[instance.uuid].network_info == [_ADDRESS]


def test_a_failed_spawn_is_undone_and_handed_on(instance):
    error = exception.HypervisorError(operation="spawn", reason="told to")
    bus, driver = FakeBus({"allocate_for_instance": [_ADDRESS]}), FakeDriver(error)

    _run(bus, driver, instance, networks=["net"])

    assert bus.sent() == [_ALLOCATE, _UPDATE, _UPDATE, _DEALLOCATE, _RESCHEDULE]
    assert bus.last("reschedule_instance")["reason"] == error.message


def test_no_address_left_is_handed_on_without_a_guest(instance):
    bus = FakeBus({"allocate_for_instance": exception.NoMoreAddresses(network_id="net")})

    _run(bus, FakeDriver(), instance, networks=["net"])

    assert bus.sent() == [_ALLOCATE, _UPDATE, _DEALLOCATE, _RESCHEDULE]


def test_a_worker_that_lost_its_task_at_the_start_makes_no_guest(instance):
    bus, driver = FakeBus({"instance_update": _LOST}), FakeDriver()

    _run(bus, driver, instance)

    assert bus.sent() == [_UPDATE, _FIND]
    assert driver.guests == {}


def test_a_worker_that_lost_its_task_while_it_spawned_destroys_its_guest(instance):
    def lose_at_the_end(updates, **_arguments):
        if updates["task_state"] is None:
            raise _LOST

    bus, driver = FakeBus({"instance_update": lose_at_the_end}), FakeDriver()

    _run(bus, driver, instance)

    assert bus.sent() == [_UPDATE, _UPDATE, _FIND]
    assert driver.guests == {}


def test_a_worker_that_lost_its_task_frees_its_addresses(instance):
    bus = FakeBus({"allocate_for_instance": [_ADDRESS], "instance_update": _LOST})

    _run(bus, FakeDriver(), instance, networks=["net"])

    assert bus.sent() == [_ALLOCATE, _UPDATE, _FIND, _DEALLOCATE]


@pytest.mark.parametrize("silent_network", [False, True])
def test_a_message_that_comes_twice_leaves_the_guest_that_the_first_built(instance, silent_network):
    """A build that was only slow was taken for lost and its message sent again. The second delivery found the
    task done, took that for a loss, and destroyed the guest of an active instance, addresses and all.
    """
    bus, driver = FakeBus({"allocate_for_instance": [_ADDRESS]}), FakeDriver()
    _run(bus, driver, instance, networks=["net"])
    bus.messages.clear()
    instance.task_state, instance.power_state = None, 1
    bus.replies = {"instance_update": _LOST, "find_instance": instance, "allocate_for_instance": [_ADDRESS]}
    if silent_network:
        bus.replies["allocate_for_instance"] = exception.ServiceUnavailable(reason="silence")

    _run(bus, driver, instance, networks=["net"])

    assert bus.sent() == [_ALLOCATE, _UPDATE, _FIND]
    assert list(driver.guests) == [instance.uuid]
