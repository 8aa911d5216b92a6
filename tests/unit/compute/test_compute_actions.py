# SPDX-License-Identifier: Apache-2.0
"""Actions on a guest: what is reported, and that a message of a task long over changes nothing."""

import pytest

from minova import context, exception, objects
from minova.compute.actions import Actions
from minova.conductor import rpcapi
from minova.network import api as network_api
from minova.virt import power_state
from tests import records
from tests.fake_bus import FakeBus

_LOST = exception.UnexpectedTaskStateError(instance_id="1", expected="mine", actual="another's")
_METHODS = {"stop": (), "start": (), "reboot": ("HARD",), "terminate": ()}


@pytest.fixture
def instance(database, driver):
    row = records.add_instance(
        database, attempt=1, host="host1", vm_state="active", task_state="powering-off"
    )
    driver.spawn("host1", objects.Instance.from_row(row), [])
    return objects.Instance.from_row(row)


def _act(bus, driver, method, instance):
    actions = Actions(driver, rpcapi.ConductorAPI(bus), network_api.API(bus))
    getattr(actions, method)(context.get_admin_context(), instance, *_METHODS[method])


def _updates(bus):
    return [message.arguments["updates"] for message in bus.messages if message.method == "instance_update"]


def test_a_stop_asks_for_its_task_stops_and_reports(driver, instance):
    bus = FakeBus()

    _act(bus, driver, "stop", instance)

    assert _updates(bus) == [
        {},
        {"task_state": None, "vm_state": "stopped", "power_state": power_state.SHUTDOWN},
    ]
    assert driver.get_power_state("host1", instance.uuid) == power_state.SHUTDOWN


def test_a_delete_asks_for_its_task_destroys_and_reports(driver, instance):
    bus = FakeBus()

    _act(bus, driver, "terminate", instance)

    assert [message.method for message in bus.messages] == ["instance_update", "instance_destroy"]
    assert driver.list_guests("host1") == []


@pytest.mark.parametrize("method", _METHODS)
def test_a_message_of_a_task_that_is_over_changes_nothing(driver, instance, method):
    """A stop that waited in the queue of a dead host was given up; the server was started again when the host came
    back, and then the old message stopped it.
    """
    before = driver.list_guests("host1")

    with pytest.raises(exception.UnexpectedTaskStateError):
        _act(FakeBus({"instance_update": _LOST}), driver, method, instance)

    assert driver.list_guests("host1") == before
