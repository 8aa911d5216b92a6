# SPDX-License-Identifier: Apache-2.0
"""The short actions on an instance that exists: power, reboot, delete."""

import logging

from oslo_utils import timeutils

from minova import exception
from minova.compute import vm_states
from minova.virt import power_state

LOG = logging.getLogger(__name__)


class Actions:
    """Each method works on the instance's present task and puts its outcome on record."""

    def __init__(self, driver, conductor_rpcapi, network_api):
        self._driver = driver
        self._conductor_rpcapi = conductor_rpcapi
        self._network_api = network_api

    def start(self, context, instance):
        self._run(
            context,
            instance,
            "compute_start_instance",
            lambda: self._driver.power_on(instance.host, instance),
            {"vm_state": vm_states.ACTIVE, "power_state": power_state.RUNNING},
        )

    def stop(self, context, instance):
        self._run(
            context,
            instance,
            "compute_stop_instance",
            lambda: self._driver.power_off(instance.host, instance),
            {"vm_state": vm_states.STOPPED, "power_state": power_state.SHUTDOWN},
        )

    def reboot(self, context, instance, reboot_type):
        self._run(
            context,
            instance,
            "compute_reboot_instance",
            lambda: self._driver.reboot(instance.host, instance, reboot_type),
            {"vm_state": vm_states.ACTIVE, "power_state": power_state.RUNNING},
        )

    def terminate(self, context, instance):
        """Destroy the guest and free its addresses before the record goes: what is on record is cleaned up."""
        event = _event("compute_terminate_instance", instance)
        self._check_task(context, instance)
        try:
            self._driver.destroy(instance.host, instance.uuid)
            if instance.addresses:
                self._network_api.deallocate_for_instance(context, instance.uuid)
        except exception.MinovaException as error:
            self._fail(context, instance, event, error, {"vm_state": vm_states.ERROR})
        else:
            self._conductor_rpcapi.instance_destroy(context, instance.uuid, _task(instance), event)
            LOG.info("[instance: %s] deleted from %s", instance.uuid, instance.host)

    def _run(self, context, instance, event_name, work, updates):
        event = _event(event_name, instance)
        self._check_task(context, instance)
        try:
            work()
        except exception.MinovaException as error:
            self._fail(context, instance, event, error, {})
        else:
            self._finish(context, instance, event, updates)
            LOG.info("[instance: %s] %s done on %s", instance.uuid, event_name, instance.host)

    def _check_task(self, context, instance):
        """Unlike Nova: ask before acting. A message that waited in the host's queue may be of a task long over.

        :raises UnexpectedTaskStateError: when it is.
        """
        self._update(context, instance, {})

    def _fail(self, context, instance, event, error, updates):
        LOG.warning("[instance: %s] %s failed: %s", instance.uuid, event["name"], error.message)
        self._finish(context, instance, {**event, "error": error.message}, updates)

    def _finish(self, context, instance, event, updates):
        self._update(context, instance, {"task_state": None, **updates}, event)

    def _update(self, context, instance, updates, event=None):
        self._conductor_rpcapi.instance_update(
            context, instance.uuid, _task(instance), [instance.task_state], updates, event
        )


def _task(instance):
    return [instance.task_id, instance.attempt]


def _event(name, instance):
    return {"name": name, "host": instance.host, "start_time": timeutils.utcnow().isoformat()}
