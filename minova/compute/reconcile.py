# SPDX-License-Identifier: Apache-2.0
"""What the hypervisor holds against what is on record: at start, and when a guest acts by itself."""

import logging

from minova import context as minova_context
from minova.virt import power_state

LOG = logging.getLogger(__name__)
_POWER_STATE_AFTER = {
    "started": power_state.RUNNING,
    "stopped": power_state.SHUTDOWN,
    "crashed": power_state.CRASHED,
}


class Reconcile:
    """The records decide which guests may live; the hypervisor decides whether they run."""

    def __init__(self, hosts, driver, conductor_rpcapi):
        self._hosts = hosts
        self._driver = driver
        self._conductor_rpcapi = conductor_rpcapi

    def run(self):
        """Destroy the guests that no longer belong to their host, and report the power of the others."""
        context = minova_context.get_admin_context()
        # Guests first: a record is there before its guest, so whoever has none by then is a stranger.
        guests = [guest for host in self._hosts for guest in self._driver.list_guests(host)]
        if not guests:
            return
        instances = self._conductor_rpcapi.instances_of_hosts(context, self._hosts)
        by_place = {(instance.host, instance.uuid): instance for instance in instances}
        for guest in guests:
            self._settle(context, guest, by_place.get((guest.host, guest.uuid)))

    def _settle(self, context, guest, instance):
        if instance is None:
            LOG.warning("[instance: %s] destroying a guest that is not %s's own", guest.uuid, guest.host)
            self._driver.destroy(guest.host, guest.uuid)
        elif instance.task_state is None and guest.power_state != instance.power_state:
            context.acting_host = guest.host
            self._conductor_rpcapi.sync_power_state(context, guest.uuid, guest.host, guest.power_state)

    def on_lifecycle_event(self, event):
        """Report what a guest did by itself (minova.virt.driver.LifecycleEvent)."""
        LOG.info("[instance: %s] guest %s by itself on %s", event.instance_uuid, event.transition, event.host)
        context = minova_context.get_admin_context()
        context.acting_host = event.host
        self._conductor_rpcapi.sync_power_state(
            context, event.instance_uuid, event.host, _POWER_STATE_AFTER[event.transition]
        )
