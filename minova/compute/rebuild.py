# SPDX-License-Identifier: Apache-2.0
"""Making an instance anew on a host that it comes to from another: the compute's part of an evacuation."""

from minova.compute import build, task_states, vm_states
from minova.virt import power_state


class Rebuild(build.Build):
    """As a build, but the instance has lived: it keeps its addresses, and one that was stopped is stopped again."""

    event_name = "compute_rebuild_instance"
    # Not REBUILDING: there a conductor has taken the instance back to give it to another host.
    expected_task_states = (task_states.REBUILD_SPAWNING,)
    spawning = task_states.REBUILD_SPAWNING

    def _bring_up(self, instance):
        if instance.vm_state != vm_states.STOPPED:
            return super()._bring_up(instance)
        self._driver.power_off(instance.host, instance)
        return {"vm_state": vm_states.STOPPED, "power_state": power_state.SHUTDOWN}

    def _deallocate_network(self, context, instance, request_spec):
        """The addresses are the instance's, wherever it is made."""
