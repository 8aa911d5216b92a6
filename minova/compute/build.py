# SPDX-License-Identifier: Apache-2.0
"""Building one instance on one host: addresses, guest, report; and the way back when a step fails."""

import logging

from oslo_utils import timeutils

from minova import exception
from minova.compute import task_states, vm_states
from minova.virt import power_state
from minova.virt.driver import Owner

LOG = logging.getLogger(__name__)


class Build:
    """One attempt at one instance. ``run`` returns when its outcome is on record, or somebody else's."""

    event_name = "compute__do_build_and_run_instance"
    expected_task_states: tuple[str, ...] = task_states.BUILD_STATES
    spawning = task_states.SPAWNING

    def __init__(self, driver, conductor_rpcapi, compute_task_api, network_api, reconcile):
        self._driver = driver
        self._conductor_rpcapi = conductor_rpcapi
        self._compute_task_api = compute_task_api
        self._network_api = network_api
        self._reconcile = reconcile

    def run(self, context, instance, request_spec, alternates):
        try:
            self._try(context, instance, request_spec, alternates)
        except exception.UnexpectedTaskStateError as error:
            # It was deleted, or taken for dead and built elsewhere, or an earlier delivery of this message built it.
            LOG.warning("[instance: %s] build given up: %s", instance.uuid, error.message)
            if not self._reconcile.settle(context, instance.host, instance.uuid):
                self._deallocate_network(context, instance, request_spec)

    def _try(self, context, instance, request_spec, alternates):
        started_at = timeutils.utcnow()
        try:
            network_info = self._allocate_network(context, instance, request_spec)
            self._report_spawning(context, instance, network_info)
            self._driver.spawn(instance.host, instance, network_info)
            self._report_done(context, instance, started_at)
            LOG.info("[instance: %s] built on %s", instance.uuid, instance.host)
        except exception.UnexpectedTaskStateError:
            raise
        except exception.MinovaException as error:
            LOG.warning("[instance: %s] build failed on %s: %s", instance.uuid, instance.host, error.message)
            self._hand_on(context, instance, request_spec, alternates, error.message)

    def _allocate_network(self, context, instance, request_spec):
        if request_spec.requested_networks is None:
            return []
        return self._network_api.allocate_for_instance(
            context,
            instance_uuid=instance.uuid,
            attempt=instance.attempt,
            project_id=instance.project_id,
            requested_networks=request_spec.requested_networks,
        )

    def _report_spawning(self, context, instance, network_info):
        updates = {"task_state": self.spawning}
        if network_info:
            updates["network_info"] = network_info
        self._update(context, instance, updates)

    def _report_done(self, context, instance, started_at):
        event = {"name": self.event_name, "host": instance.host, "start_time": started_at.isoformat()}
        self._update(context, instance, {"task_state": None, **self._bring_up(instance)}, event)

    def _bring_up(self, instance):
        """Bring the new guest into the state that the instance shall have; returns that, as columns."""
        return {"vm_state": vm_states.ACTIVE, "power_state": power_state.RUNNING}

    def _update(self, context, instance, updates, event=None):
        task = [instance.task_id, instance.attempt]
        self._conductor_rpcapi.instance_update(
            context, instance.uuid, task, self.expected_task_states, updates, event
        )

    def _hand_on(self, context, instance, request_spec, alternates, reason):
        # Who comes too late must not undo what another has built: so ask first whether the task is still ours.
        self._update(context, instance, {})
        try:
            self._driver.destroy(instance.host, instance.uuid, Owner(instance.task_id, instance.attempt))
        except exception.HypervisorError as error:
            # What is left is a stranger here, and the next reconciliation's to destroy.
            LOG.warning("[instance: %s] guest left behind: %s", instance.uuid, error.message)
        self._deallocate_network(context, instance, request_spec)
        self._compute_task_api.reschedule_instance(context, instance, request_spec, alternates, reason)

    def _deallocate_network(self, context, instance, request_spec):
        if request_spec.requested_networks is not None:
            self._network_api.deallocate_for_instance(context, instance.uuid, attempt=instance.attempt)
