# SPDX-License-Identifier: Apache-2.0
"""A server's status: what HTTP makes of vm_state and task_state (nova/api/openstack/common.py), and back."""

from minova.compute import task_states, vm_states

_BY_VM_STATE = {
    vm_states.ACTIVE: "ACTIVE",
    vm_states.BUILDING: "BUILD",
    vm_states.STOPPED: "SHUTOFF",
    vm_states.ERROR: "ERROR",
    vm_states.DELETED: "DELETED",
}
# Where the task says more than the vm_state.
_BY_BOTH = {
    (vm_states.ACTIVE, task_states.REBOOTING): "REBOOT",
    (vm_states.ACTIVE, task_states.REBOOTING_HARD): "HARD_REBOOT",
    (vm_states.STOPPED, task_states.REBOOTING_HARD): "HARD_REBOOT",
    (vm_states.ERROR, task_states.REBOOTING_HARD): "HARD_REBOOT",
    **{
        (vm_state, task_state): "REBUILD"
        for vm_state in (vm_states.ACTIVE, vm_states.STOPPED, vm_states.ERROR)
        for task_state in task_states.REBUILD_STATES
    },
}


def status_of(vm_state, task_state):
    """The status of a server."""
    return _BY_BOTH.get((vm_state, task_state)) or _BY_VM_STATE.get(vm_state, "UNKNOWN")


def states_of(statuses):
    """What to look for to find servers of one of these statuses.

    :returns: triples (vm_state, task_states that it must have or None, task_states that it must not have).
    """
    found = []
    for status in {status.upper() for status in statuses}:
        for vm_state, plain in _BY_VM_STATE.items():
            special = {task: name for (vm, task), name in _BY_BOTH.items() if vm == vm_state}
            if plain == status:
                found.append((vm_state, None, tuple(special)))
            elif only := tuple(task for task, name in special.items() if name == status):
                found.append((vm_state, only, ()))
    return found
