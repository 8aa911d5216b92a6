# SPDX-License-Identifier: Apache-2.0
"""The operations that change a guest: each has a beginning and an end, with time between.

``begin`` and ``finish`` run within a transaction of the store. Between them the hypervisor works, which a
destroy can end; so ``finish`` looks again at what is there.
"""

import json
import time
from dataclasses import replace

from minova import exception
from minova.virt import guests, overrides, power_state, store
from minova.virt.driver import Owner
from minova.virt.operation import Operation


class Work:
    """One operation on one guest."""

    method: str
    is_destroy = False

    def __init__(self, host, instance):
        self.operation = Operation.on_instance(self.method, host, instance)
        self.metadata = overrides.select(instance.metadata)
        self.overrides = self._read(self.metadata)
        self.guest = None  # as ``begin`` found or made it
        self.is_wanted = False  # what ``begin`` said

    def begin(self, connection) -> bool:
        """Look what is there; False when nothing is to be done."""
        self.guest = guests.get(connection, self.operation.host, self.operation.uuid)
        if self.guest.is_half_made:
            raise self.operation.failure("it is still being spawned")
        return not self.is_done()

    def finish(self, connection, behaviour) -> None:
        """Make the change, if the guest is still the one that it began with."""
        found = guests.get(connection, self.operation.host, self.operation.uuid)
        if found.owner != self.guest.owner:
            raise self.operation.gone()
        self.guest = found
        # A second delivery of the same message may have been faster.
        if self.is_done():
            return
        changed = self.changed(connection, behaviour)
        # The destroy of a guest gets no instance: it goes by the metadata that was seen last.
        guests.save(connection, replace(changed, metadata=json.dumps(self.metadata)))

    def abandon(self, connection) -> None:
        """Leave nothing of the operation behind: it failed."""

    def is_done(self) -> bool:
        """Tell whether the guest is as it shall be."""
        raise NotImplementedError

    def changed(self, connection, behaviour):
        """Return the guest as it shall be."""
        raise NotImplementedError

    def _read(self, metadata):
        try:
            return overrides.parse(metadata)
        except exception.InvalidMetadata as err:
            raise self.operation.failure(err.message) from err

    def _started(self, connection, behaviour):
        end = behaviour.own_end(connection, self.operation.name, self.overrides)
        return guests.started(self.guest, end)


class Spawn(Work):
    method = "spawn"

    def __init__(self, host, instance, network_info):
        super().__init__(host, instance)
        self._wanted = guests.StoredGuest(
            host=host,
            uuid=instance.uuid,
            name=self.operation.name,
            owner=Owner(instance.task_id, self.operation.attempt),
            power_state=power_state.NOSTATE,
            vcpus=instance.vcpus,
            memory_mb=instance.memory_mb,
            disk_gb=instance.root_gb,
            created_at=time.time(),
            started_at=None,
            metadata=json.dumps(self.metadata),
            network_info=json.dumps(network_info, default=str),
        )

    def begin(self, connection):
        self.guest = guests.define(connection, self._wanted)
        return self.guest.is_half_made

    def finish(self, connection, behaviour):
        found = guests.find(connection, self.operation.host, self.operation.uuid)
        if found is None or found.owner != self.guest.owner:
            raise self.operation.gone()
        if found.is_half_made:
            guests.save(connection, self._started(connection, behaviour))

    def abandon(self, connection):
        found = guests.find(connection, self.operation.host, self.operation.uuid)
        if found and found.is_half_made:
            guests.remove(connection, self.guest)


class Destroy(Work):
    method = "destroy"
    is_destroy = True

    def __init__(self, host, instance_uuid, owner):
        self.operation = Operation(self.method, host, instance_uuid)
        self.overrides = overrides.NONE
        self.guest = None
        self.is_wanted = False
        self.removed = False
        self._owner = owner

    def begin(self, connection):
        self.guest = guests.find(connection, self.operation.host, self.operation.uuid)
        if self.guest is None or self._owner not in (None, self.guest.owner):
            return False
        self.operation = self.operation._replace(name=self.guest.name, attempt=self.guest.owner.attempt)
        self.overrides = overrides.load(self.guest.metadata)
        return True

    def finish(self, connection, behaviour):
        self.removed = guests.remove(connection, self.guest)
        store.forget_counts(connection, self.operation.uuid)


class PowerOn(Work):
    method = "power_on"

    def is_done(self):
        return self.guest.power_state == power_state.RUNNING

    def changed(self, connection, behaviour):
        return self._started(connection, behaviour)


class PowerOff(Work):
    method = "power_off"

    def is_done(self):
        return self.guest.power_state == power_state.SHUTDOWN and self.guest.ends_at is None

    def changed(self, connection, behaviour):
        return guests.stopped(self.guest)


class Reboot(Work):
    method = "reboot"

    def __init__(self, host, instance, reboot_type):
        super().__init__(host, instance)
        self._task_id = instance.task_id
        self._is_soft = reboot_type == "SOFT"

    def is_done(self):
        return self._task_id is not None and self.guest.rebooted_by == self._task_id

    def changed(self, connection, behaviour):
        if self._is_soft and self.guest.power_state == power_state.RUNNING:
            self.guest = guests.stopped(self.guest)
        return replace(self._started(connection, behaviour), rebooted_by=self._task_id)
