# SPDX-License-Identifier: Apache-2.0
"""The simulated hypervisor: keeps the contract of driver.py without any machine behind it.

It is a world apart from the agent. Guests live in a file under the state path (store.py): they outlive a
killed minova-compute, and stop and crash by themselves, also while no agent runs. How long operations
take and which fail is told by options, server metadata and fault rules (behaviour.py); by default all is
quick and succeeds.
"""

import logging
import threading
import uuid

from minova.virt import console, diagnostics, driver, faults, guests, overrides, waits, work
from minova.virt.behaviour import Behaviour
from minova.virt.operation import Operation
from minova.virt.store import Store

LOG = logging.getLogger(__name__)

_NAMESPACE = uuid.UUID("5f0cf6bd-6a7c-5f0c-9a53-3c1f0e7a8d11")


class FakeDriver(driver.ComputeDriver):
    """Serves the simulated hosts of one process.

    :param conf: the configuration; its ``state_path`` and group [fake_driver] are read here, once
    :raises InvalidOption: an option that is not understood
    """

    def __init__(self, conf):
        options = conf.fake_driver
        self._capacity = {name: options[name] for name in ("vcpus", "memory_mb", "local_gb")}
        self._behaviour = Behaviour(options)
        self._store = Store(conf.state_path, options.busy_timeout)
        self._waits = waits.Waits()
        self._hosts = set()
        self._listeners = []
        self._polling = threading.Lock()

    def init_host(self, host):
        self._ask(Operation("init_host", host))
        self._hosts.add(host)

    def get_available_resource(self, host):
        self._ask(Operation("get_available_resource", host))
        with self._store.read() as connection:
            count, vcpus, memory_mb, disk_gb = guests.usage(connection, host)
        return driver.HostResources(
            hypervisor_hostname=host,
            hypervisor_uuid=str(uuid.uuid5(_NAMESPACE, host)),
            hypervisor_type="fake",
            hypervisor_version=1_000_000,
            **self._capacity,
            vcpus_used=int(vcpus),
            memory_mb_used=int(memory_mb),
            local_gb_used=int(disk_gb),
            guests=count,
            cpu_info=_cpu_info(self._capacity["vcpus"]),
        )

    def list_instance_uuids(self, host):
        self._ask(Operation("list_guests", host))
        with self._store.read() as connection:
            return guests.uuids(connection, host)

    def list_guests(self, host):
        self._ask(Operation("list_guests", host))
        with self._store.read() as connection:
            return guests.of_host(connection, host)

    def spawn(self, host, instance, network_info):
        self._run(work.Spawn(host, instance, network_info))

    def destroy(self, host, instance_uuid, owner=None):
        destroy = work.Destroy(host, instance_uuid, owner)
        self._run(destroy)
        return destroy.removed

    def power_on(self, host, instance):
        self._run(work.PowerOn(host, instance))

    def power_off(self, host, instance):
        self._run(work.PowerOff(host, instance))

    def reboot(self, host, instance, reboot_type):
        self._run(work.Reboot(host, instance, reboot_type))

    def get_power_state(self, host, instance_uuid):
        return self._look("get_power_state", host, instance_uuid).power_state

    def get_console_output(self, host, instance_uuid, lines=None):
        guest = self._look("get_console_output", host, instance_uuid)
        return console.last_lines(console.render(guest), lines)

    def get_diagnostics(self, host, instance_uuid):
        return diagnostics.render(self._look("get_diagnostics", host, instance_uuid))

    def register_event_listener(self, callback):
        self._listeners.append(callback)

    def poll_guests(self):
        if not self._listeners:
            return 0
        with self._polling:
            with self._store.read() as connection:
                ended = [guest for guest in guests.ended(connection) if guest.host in self._hosts]
            return sum(self._report(guest) for guest in ended)

    def close(self):
        self._waits.close()
        self._store.close()

    def _run(self, task):
        guest_key = (task.operation.host, task.operation.uuid)
        # A destroy ends the other work on its guest; only close() ends a destroy.
        with self._waits.enter(None if task.is_destroy else guest_key) as wait:
            plan = self._begin(task)
            if task.is_destroy and task.is_wanted:
                self._waits.end(guest_key)
            if plan is None:
                return
            _pass_time(wait, plan, task.operation)
            with self._store.write() as connection:
                if plan.failure is None:
                    task.finish(connection, self._behaviour)
                else:
                    task.abandon(connection)
        if plan.failure is not None:
            raise task.operation.failure(plan.failure)

    def _begin(self, task):
        # None when all is done: what needs no time is finished within one transaction.
        with self._store.write() as connection:
            task.is_wanted = task.begin(connection)
            if not task.is_wanted:
                return None
            plan = self._behaviour.plan(connection, task.operation, task.overrides)
            if not plan.is_smooth:
                return plan
            task.finish(connection, self._behaviour)
            return None

    def _look(self, method, host, instance_uuid):
        with self._store.read() as connection:
            guest = guests.get(connection, host, instance_uuid)
        self._ask(
            Operation(method, host, instance_uuid, guest.name, guest.owner.attempt),
            overrides.load(guest.metadata),
        )
        return guest

    def _ask(self, operation, wishes=overrides.NONE):
        # What only looks is quick: no transaction unless something is said about it.
        with self._store.read() as connection:
            if not wishes.fail and not faults.matching(connection, operation):
                return
        with self._store.write() as connection:
            plan = self._behaviour.plan(connection, operation, wishes)
        with self._waits.enter(None) as wait:
            _pass_time(wait, plan, operation)
        if plan.failure is not None:
            raise operation.failure(plan.failure)

    def _report(self, guest):
        with self._store.read() as connection:
            present = guests.find(connection, guest.host, guest.uuid)
        # Started again or removed while others were reported: then it is no news any more.
        if present is None or present.ends_at != guest.ends_at:
            return 0
        event = driver.LifecycleEvent(guest.host, guest.uuid, guest.transition, guest.ends_at)
        try:
            for listener in self._listeners:
                listener(event)
        except (
            Exception
        ):  # a listener's failure must not keep other guests' events back; the next poll reports it again
            LOG.exception(
                "[instance: %s] nobody could be told that the guest %s", guest.uuid, guest.transition
            )
            return 0
        with self._store.write() as connection:
            guests.settle(connection, guest)
        return 1


def _pass_time(wait, plan, operation):
    ended_by = wait.sleep(plan.delay_seconds)
    if ended_by == waits.CLOSED:
        raise operation.failure("the driver was closed meanwhile")
    if ended_by == waits.DESTROYED:
        raise operation.gone()


def _cpu_info(vcpus):
    threads = 2 if vcpus % 2 == 0 else 1
    return {
        "arch": "x86_64",
        "vendor": "minova",
        "model": "simulated",
        "features": ["fpu", "sse2", "svm"],
        "topology": {"sockets": 1, "cores": vcpus // threads, "threads": threads},
    }
