# SPDX-License-Identifier: Apache-2.0
"""The checks find nothing in a minova that is well, and each of the things that can be wrong."""

import pytest
import sqlalchemy as sa
from oslo_utils import uuidutils

from minova.chaos import checks
from minova.db import actions, allocations, networks
from minova.db.models import compute_nodes, fixed_ips, instance_actions, instances
from minova.virt import guests, power_state
from minova.virt.driver import Owner
from minova.virt.store import Store
from tests import records

_NETWORK = "net"


@pytest.fixture
def store(database, tmp_path):
    store = Store(str(tmp_path))
    yield store
    store.close()


class World:
    """An active instance ``self.uuid`` on ``here`` with an address, all of it as it shall be."""

    def __init__(self, database, store):
        self.database, self.store = database, store
        for host in ("here", "there"):
            records.add_host(database, host)
        with database.writer() as conn:
            values = {"id": _NETWORK, "label": "private", "cidr": "10.0.0.0/24"}
            conn.execute(networks.networks.insert().values(created_at=sa.func.now(), **values))
        row = records.add_instance(database, task_state=None, vm_state="active", host="here", power_state=1)
        self.uuid = row.uuid
        spec = records.make_request_spec([row], task_ids=[], requested_networks=[_NETWORK])
        with database.writer() as conn:
            conn.execute(instance_actions.update().values(finish_time=sa.func.now()))
            allocations.claim(conn, row.uuid, 1, "here", spec.vcpus, spec.memory_mb, spec.local_gb)
            networks.take_address(conn, networks.get(conn, _NETWORK), row.uuid, 1)
            ports = [{"port_id": held.port_id} for held in networks.find_addresses(conn, row.uuid)]
        self.set(network_info=ports, request_spec=spec.obj_to_primitive())
        self.add_guest("here")

    def find(self):
        return checks.check(self.database, self.store)

    def set(self, **values):
        with self.database.writer() as conn:
            conn.execute(instances.update().values(**values))

    def execute(self, statement):
        with self.database.writer() as conn:
            conn.execute(statement)

    def add_guest(self, host, state=power_state.RUNNING, uuid=None):
        sizes = {"vcpus": 1, "memory_mb": 512, "disk_gb": 1}
        owner = Owner(None, 1)
        guest = guests.StoredGuest(
            host, uuid or self.uuid, "bar", owner, state, **sizes, created_at=0.0, started_at=0.0
        )
        with self.store.write() as connection:
            guests.save(connection, guest)

    def remove_guests(self):
        with self.store.write() as connection:
            connection.execute("DELETE FROM guest")

    def delete(self):
        self.set(deleted=True, vm_state="deleted")


@pytest.fixture
def world(database, store):
    return World(database, store)


def test_a_world_that_is_well(world):
    assert world.find() == []


def test_an_empty_world_is_well(database, store):
    assert checks.check(database, store) == []


def test_an_instance_in_error_with_a_fault_and_nothing_else_is_well(world):
    world.set(vm_state="error", host=None, network_info=[])
    world.remove_guests()
    with world.database.writer() as conn:
        allocations.release(conn, world.uuid)
        networks.release(conn, world.uuid)
        actions.add_fault(conn, world.uuid, 500, "why")

    assert world.find() == []


def _lose_ports(world):
    world.execute(fixed_ips.update().values(instance_uuid=None))


_BREAKAGES = [
    (lambda world: world.set(task_state="spawning", task_id="task"), "is still in task task"),
    (lambda world: world.set(vm_state="building"), "rests in building"),
    (lambda world: world.set(vm_state="error"), "without a fault"),
    (lambda world: world.remove_guests(), "here has no guest of it"),
    (lambda world: world.add_guest("here", power_state.NOSTATE), "its guest on here is pending"),
    (lambda world: world.set(vm_state="stopped"), "is stopped, but its guest on here is running"),
    (lambda world: world.set(power_state=0), "has power state pending"),
    (lambda world: world.add_guest("there"), "belongs to here, but there has a guest"),
    (lambda world: world.add_guest("there", uuid=uuidutils.generate_uuid()), "does not exist, but there has"),
    (lambda world: world.set(network_info=[]), "has ports [] on record"),
    (_lose_ports, "and holds []"),
    (lambda world: world.set(vm_state="error", host=None), "is on no host and holds ports"),
    (lambda world: world.set(host="there"), "is on host there, and has claims on ['here']"),
    (lambda world: world.execute(allocations.allocations.update().values(vcpus=2)), "not of its size"),
    (lambda world: world.execute(allocations.allocations.delete()), "has claims on []"),
    (lambda world: world.execute(compute_nodes.update().values(vcpus_used=7)), "Host here counts"),
    (lambda world: world.set(vcpus=2), "has Amounts"),
    (lambda world: world.execute(instance_actions.update().values(finish_time=None)), "has no end"),
    (lambda world: world.delete(), "does not exist, and holds 1 claims"),
    (lambda world: world.delete(), "does not exist, and holds 1 ports"),
    (lambda world: world.delete(), "does not exist, but here has a guest"),
]


@pytest.mark.parametrize(("break_it", "sentence"), _BREAKAGES, ids=[row[1] for row in _BREAKAGES])
def test_what_is_wrong_is_found(world, break_it, sentence):
    break_it(world)

    found = world.find()

    assert [violation for violation in found if sentence in violation], found


def test_a_host_that_is_down_keeps_what_it_had(world):
    world.add_guest("dead")

    assert world.find() == []
