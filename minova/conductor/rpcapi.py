# SPDX-License-Identifier: Apache-2.0
"""Client side of the ``conductor`` topic; see manager.py."""

import oslo_messaging as messaging

import minova.conf
from minova import rpc_client

CONF = minova.conf.CONF
TOPIC = "conductor"


class ConductorAPI:
    """The computes' way to the records.

    Version history:

    * 1.0 - report_hosts, report_host_states, instance_update, instance_destroy, instances_of_hosts,
      find_instance, sync_power_state
    * 1.1 - hand_back_tasks
    """

    VERSION = "1.1"

    def __init__(self, bus):
        target = messaging.Target(topic=TOPIC, version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.conductor).prepare(
            timeout=CONF.rpc.long_timeout, call_monitor_timeout=CONF.conductor.rpc_timeout
        )

    def report_hosts(self, context, hosts, tasks):
        """All hosts of a process live, and it works on ``tasks`` ([task id, attempt] each); call.

        :returns: those of ``tasks`` that are no longer the caller's.
        """
        return self._client.call(context, "report_hosts", hosts=hosts, tasks=tasks)

    def report_host_states(self, context, host_states):
        """Save the inventory and usage of hosts (objects.HostState); cast: it is told again before long."""
        cctxt = self._client.prepare(transport_options=rpc_client.MAY_BE_LOST)
        cctxt.cast(context, "report_host_states", host_states=host_states)

    def hand_back_tasks(self, context, tasks):
        """The sender ends before it has finished ``tasks``; cast. A conductor of 1.0 sees it by their deadlines."""
        if self._client.can_send_version("1.1"):
            self._client.prepare(version="1.1").cast(context, "hand_back_tasks", tasks=tasks)

    def instance_update(self, context, instance_uuid, task, expected_task_states, updates, event=None):
        """Write ``updates`` (columns of the instance) on behalf of ``task`` ([task id, attempt]); call.

        :param event: what has just ended: {name, host, start_time} and, where it failed, error.
        :raises UnexpectedTaskStateError: when the task is no longer the caller's.
        """
        return self._client.call(
            context,
            "instance_update",
            instance_uuid=instance_uuid,
            task=task,
            expected_task_states=expected_task_states,
            updates=updates,
            event=event,
        )

    def instance_destroy(self, context, instance_uuid, task, event=None):
        """The guest is gone: delete the record; call.

        :raises UnexpectedTaskStateError: when the task is no longer the caller's.
        """
        return self._client.call(
            context, "instance_destroy", instance_uuid=instance_uuid, task=task, event=event
        )

    def instances_of_hosts(self, context, hosts):
        """The living instances that belong to some hosts (objects.Instance); call."""
        return self._client.call(context, "instances_of_hosts", hosts=hosts)

    def find_instance(self, context, instance_uuid):
        """The living instance of this uuid (objects.Instance), or None; call."""
        return self._client.call(context, "find_instance", instance_uuid=instance_uuid)

    def sync_power_state(self, context, instance_uuid, host, power_state):
        """The guest of ``host`` is found in ``power_state`` without anybody having asked for it; call."""
        self._client.call(
            context, "sync_power_state", instance_uuid=instance_uuid, host=host, power_state=power_state
        )


class ComputeTaskAPI:
    """Client side of namespace ``compute_task``: the long tasks.

    Version history:

    * 1.0 - build_instances, reschedule_instance
    * 1.1 - rebuild_instance
    """

    VERSION = "1.1"

    def __init__(self, bus):
        target = messaging.Target(topic=TOPIC, namespace="compute_task", version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.conductor)

    def build_instances(self, context, request_spec):
        """Find hosts for the instances of one request and have them built; cast."""
        self._client.cast(context, "build_instances", request_spec=request_spec)

    def can_rebuild_instance(self):
        """Whether rebuild_instance may be sent: an upgrade may have pinned the conductors to a version without it."""
        return self._client.can_send_version("1.1")

    def rebuild_instance(self, context, instance, request_spec):
        """Find a host for an instance that leaves its own, and have it made anew there; cast.

        :raises oslo_messaging.RPCVersionCapError: unless ``can_rebuild_instance()``.
        """
        self._client.prepare(version="1.1").cast(
            context, "rebuild_instance", instance=instance, request_spec=request_spec
        )

    def reschedule_instance(self, context, instance, request_spec, alternates, reason):
        """``instance.host`` could not build, or make anew: try another host; cast.

        :param alternates: hosts left of the scheduler's answer (objects.Selection), or None when the
            sender does not know of any: then the scheduler is asked again.
        """
        self._client.cast(
            context,
            "reschedule_instance",
            instance=instance,
            request_spec=request_spec,
            alternates=alternates,
            reason=reason,
        )
