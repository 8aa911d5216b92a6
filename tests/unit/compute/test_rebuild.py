# SPDX-License-Identifier: Apache-2.0
"""Making evacuated instances anew on their new host: messages, guests, and the way back when a step fails."""

import pytest

from minova import context, exception, objects
from minova.compute import reconcile
from minova.compute.rebuild import Rebuild
from minova.conductor import api as conductor_api
from minova.conductor import rpcapi as conductor_rpcapi
from minova.network import api as network_api
from minova.virt import power_state
from tests import records
from tests.fake_bus import FakeBus

_ADDRESS = {"network_id": "net", "label": "private", "address": "10.0.0.2", "version": 4}
_LOST = exception.UnexpectedTaskStateError(instance_id="1", expected="mine", actual="another's")
_ALLOCATE = ("call", "network", "allocate_for_instance")
_UPDATE = ("call", "conductor", "instance_update")
_FIND = ("call", "conductor", "find_instance")
_RESCHEDULE = ("cast", "conductor", "reschedule_instance")


@pytest.fixture
def make_instance(database):
    def make(vm_state="active", **values):
        row = records.add_instance(
            database, "rebuild_spawning", vm_state, attempt=1, host="new", network_info=[_ADDRESS], **values
        )
        return objects.Instance.from_row(row)

    return make


def _run(bus, driver, instance):
    spec = records.make_request_spec([instance], requested_networks=["net"])
    conductor = conductor_rpcapi.ConductorAPI(bus)
    reconciler = reconcile.Reconcile(["new"], driver, conductor)
    work = Rebuild(driver, conductor, conductor_api.ComputeTaskAPI(bus), network_api.API(bus), reconciler)
    work.run(context.get_admin_context(), instance, spec, None)


def _updates(bus):
    return [message.arguments["updates"] for message in bus.messages if message.method == "instance_update"]


@pytest.mark.parametrize(
    ("before", "after", "power"),
    [
        ("active", "active", power_state.RUNNING),
        ("error", "active", power_state.RUNNING),
        ("stopped", "stopped", power_state.SHUTDOWN),
    ],
)
def test_it_comes_up_with_its_addresses_in_the_state_that_it_had(driver, make_instance, before, after, power):
    bus, instance = FakeBus({"allocate_for_instance": [_ADDRESS]}), make_instance(before)

    _run(bus, driver, instance)

    assert bus.sent() == [_ALLOCATE, _UPDATE, _UPDATE]
    assert _updates(bus) == [
        {"task_state": "rebuild_spawning", "network_info": [_ADDRESS]},
        {"task_state": None, "vm_state": after, "power_state": power},
    ]
    assert {message.arguments["expected_task_states"] for message in bus.messages[1:]} == {
        ("rebuild_spawning",)
    }
    assert bus.last("instance_update")["event"]["name"] == "compute_rebuild_instance"
    assert driver.get_power_state("new", instance.uuid) == power


def test_a_failure_is_undone_and_handed_on_and_the_addresses_stay(driver, make_instance):
    bus = FakeBus({"allocate_for_instance": [_ADDRESS]})
    instance = make_instance(metadata={"minova:fail": "spawn:1"})

    _run(bus, driver, instance)

    assert bus.sent() == [_ALLOCATE, _UPDATE, _UPDATE, _RESCHEDULE]
    assert driver.list_guests("new") == []


def test_who_lost_the_task_destroys_its_guest_and_leaves_the_addresses(driver, make_instance):
    def lose_at_the_end(updates, **_arguments):
        if updates["task_state"] is None:
            raise _LOST

    bus = FakeBus({"allocate_for_instance": [_ADDRESS], "instance_update": lose_at_the_end})

    _run(bus, driver, make_instance())

    assert bus.sent() == [_ALLOCATE, _UPDATE, _UPDATE, _FIND]
    assert driver.list_guests("new") == []
