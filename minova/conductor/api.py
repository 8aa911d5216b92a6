# SPDX-License-Identifier: Apache-2.0
"""The conductor as the other parts of minova see it: what minova-api and the computes ask of it."""

from minova.conductor import rpcapi


class ComputeTaskAPI:
    """Hands the long tasks to a conductor and does not wait for them."""

    def __init__(self, bus):
        self._compute_task_rpcapi = rpcapi.ComputeTaskAPI(bus)

    def build_instances(self, context, request_spec):
        """Build all instances of one request: one cast, however many they are."""
        self._compute_task_rpcapi.build_instances(context, request_spec)

    def can_rebuild_instance(self):
        """Whether the conductors may be asked to."""
        return self._compute_task_rpcapi.can_rebuild_instance()

    def rebuild_instance(self, context, instance, request_spec):
        """Evacuate an instance: have it made anew on another host."""
        self._compute_task_rpcapi.rebuild_instance(context, instance, request_spec)

    def reschedule_instance(self, context, instance, request_spec, alternates, reason):
        """``instance.host`` could not build the instance: have it built elsewhere."""
        self._compute_task_rpcapi.reschedule_instance(context, instance, request_spec, alternates, reason)
