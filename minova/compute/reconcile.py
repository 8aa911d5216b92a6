# SPDX-License-Identifier: Apache-2.0
"""What the hypervisor holds against what is on record: at start, and when a guest acts by itself."""

import logging

from minova import context as minova_context
from minova import exception

LOG = logging.getLogger(__name__)
_SYNC_TRIES = 5


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

    def settle(self, context, host, instance_uuid):
        """Bring an instance and its guest together after a worker was told that its task is over.

        That alone says nothing of the guest: a message that came twice finds its task done, too.

        :returns: whether the instance still belongs to ``host``.
        """
        guests = [guest for guest in self._driver.list_guests(host) if guest.uuid == instance_uuid]
        instance = self._conductor_rpcapi.find_instance(context, instance_uuid)
        if instance is not None and instance.host != host:
            instance = None
        for guest in guests:
            self._settle(context, guest, instance)
        return instance is not None

    def on_lifecycle_event(self, event):
        """Report what a guest did by itself (minova.virt.driver.LifecycleEvent)."""
        LOG.info("[instance: %s] guest %s by itself on %s", event.instance_uuid, event.transition, event.host)
        self._sync_power_state(minova_context.get_admin_context(), event.host, event.instance_uuid)

    def _settle(self, context, guest, instance):
        if instance is None:
            self._destroy(guest)
        elif instance.task_state is None and guest.power_state != instance.power_state:
            self._sync_power_state(context, guest.host, guest.uuid)

    def _destroy(self, guest):
        LOG.warning("[instance: %s] destroying a guest that is not %s's own", guest.uuid, guest.host)
        try:
            # This one alone: since it was looked at, the instance may have been given to this host again.
            self._driver.destroy(guest.host, guest.uuid, guest.owner)
        except exception.HypervisorError as error:
            LOG.warning("[instance: %s] left for the next time: %s", guest.uuid, error.message)

    def _sync_power_state(self, context, host, instance_uuid):
        """Report what a guest does until the report is still true after it was made.

        Between the look and the report a task may change the guest and come to its end.
        """
        context.acting_host = host
        reported = None
        for _ in range(_SYNC_TRIES):
            power_state = self._driver.get_power_state(host, instance_uuid)
            if power_state == reported:
                return
            self._conductor_rpcapi.sync_power_state(context, instance_uuid, host, power_state)
            reported = power_state
