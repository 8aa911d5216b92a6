# SPDX-License-Identifier: Apache-2.0
"""What has to be true of a minova at rest, whatever was killed before: the records against the hypervisors.

Both are read directly, past all services. While tasks run, some of it is not true yet: who waits for rest asks
until nothing is found, and what is still found after all deadlines have passed is an error of minova.
"""

import collections
import dataclasses

import sqlalchemy as sa

from minova import objects, servicegroup
from minova.compute import vm_states
from minova.db import actions, quotas, services
from minova.db.models import allocations, compute_nodes, fixed_ips, instance_actions, instances
from minova.virt import guests, power_state

# In which of these states a guest has to be so that what the instance says of it is true.
_POWER_STATES = {
    vm_states.ACTIVE: (power_state.RUNNING,),
    vm_states.STOPPED: (power_state.SHUTDOWN, power_state.CRASHED),
}
_SIZE = ("vcpus", "memory_mb", "local_gb")


def check(database, hypervisor_store):
    """All violations, each a sentence that names its instance or host; an empty list when all is well.

    :param database: a db.engine.Database.
    :param hypervisor_store: a virt.store.Store with the guests of all hosts.
    """
    world = _read(database, hypervisor_store)
    parts = (
        *(_check_state(instance, world) for instance in world.instances.values()),
        *(_check_guests(instance, world) for instance in world.instances.values()),
        *(_check_addresses(instance, world) for instance in world.instances.values()),
        *(_check_claim(instance, world) for instance in world.instances.values()),
        _check_strangers(world),
        _check_gone(world),
        _check_usage(world),
        _check_quotas(world),
        _check_actions(world),
    )
    return [violation for part in parts for violation in part]


@dataclasses.dataclass(frozen=True)
class _World:
    """All that is on record and all that the hypervisors hold; lists by instance uuid, and an index by uuid."""

    instances: dict
    guests: dict
    addresses: dict
    claims: dict
    nodes: list
    faults: dict
    open_actions: list
    usage: dict
    hosts_up: set


def _read(database, hypervisor_store):
    # The guests last: a record is there before its guest and gone after it, so an instance that is built or
    # deleted meanwhile looks unfinished, and no guest looks like a stranger.
    with database.reader() as conn:
        living = {row.uuid: row for row in conn.execute(sa.select(instances).where(~instances.c.deleted))}
        held = conn.execute(sa.select(fixed_ips).where(fixed_ips.c.instance_uuid.is_not(None))).all()
        claims = conn.execute(sa.select(allocations)).all()
        unfinished = sa.select(instance_actions).where(instance_actions.c.finish_time.is_(None))
        in_error = [row.uuid for row in living.values() if row.vm_state == vm_states.ERROR]
        computes = services.find(conn, binary="minova-compute")
        world = {
            "nodes": conn.execute(sa.select(compute_nodes)).all(),
            "faults": actions.latest_faults(conn, in_error) if in_error else {},
            "open_actions": conn.execute(unfinished).all(),
            "usage": {
                project: quotas.usage(conn, project)
                for project in {row.project_id for row in living.values()}
            },
        }
    with hypervisor_store.read() as connection:
        found = guests.everywhere(connection)
    return _World(
        instances=living,
        guests=_by(found, "uuid"),
        addresses=_by(held, "instance_uuid"),
        claims=_by(claims, "instance_uuid"),
        hosts_up={row.host for row in computes if servicegroup.is_up(row)},
        **world,
    )


def _by(rows, attribute):
    grouped = collections.defaultdict(list)
    for row in rows:
        grouped[getattr(row, attribute)].append(row)
    return grouped


def _check_state(instance, world):
    if instance.task_state or instance.task_id or instance.deadline_epoch:
        yield (
            f"Instance {instance.uuid} is still in task {instance.task_id} "
            f"({instance.vm_state}, {instance.task_state}, attempt {instance.attempt}, host {instance.host})."
        )
    elif instance.vm_state not in (*_POWER_STATES, vm_states.ERROR):
        yield f"Instance {instance.uuid} rests in {instance.vm_state}, which is no state to rest in."
    if instance.vm_state == vm_states.ERROR and instance.uuid not in world.faults:
        yield f"Instance {instance.uuid} is in error without a fault that says why."


def _check_guests(instance, world):
    wanted = _POWER_STATES.get(instance.vm_state)
    own = [guest for guest in world.guests[instance.uuid] if guest.host == instance.host]
    if wanted and not own:
        yield f"Instance {instance.uuid} is {instance.vm_state}, but {instance.host} has no guest of it."
    for guest in own:
        state = power_state.NAMES[guest.power_state]
        if wanted and guest.power_state not in wanted:
            yield f"Instance {instance.uuid} is {instance.vm_state}, but its guest on {guest.host} is {state}."
        elif wanted and guest.power_state != instance.power_state:
            said = power_state.NAMES[instance.power_state]
            yield f"Instance {instance.uuid} has power state {said}, but its guest on {guest.host} is {state}."


def _check_strangers(world):
    """A host that is down keeps what it had; it can only be cleaned when it comes back."""
    for uuid, found in world.guests.items():
        instance = world.instances.get(uuid)
        owner = f"belongs to {instance.host}" if instance else "does not exist"
        for guest in found:
            if guest.host in world.hosts_up and (instance is None or guest.host != instance.host):
                yield f"Instance {uuid} {owner}, but {guest.host} has a guest of it."


def _check_addresses(instance, world):
    held = sorted(row.port_id for row in world.addresses[instance.uuid])
    said = sorted(address["port_id"] for address in instance.network_info)
    if held != said:
        yield f"Instance {instance.uuid} has ports {said} on record, and holds {held}."
    if instance.vm_state in _POWER_STATES:
        spec = objects.RequestSpec.obj_from_primitive(instance.request_spec)
        networks = sorted(row.network_id for row in world.addresses[instance.uuid])
        if networks != sorted(spec.requested_networks or []):
            yield f"Instance {instance.uuid} asked for networks {spec.requested_networks}, and is in {networks}."
    elif instance.host is None and held:
        yield f"Instance {instance.uuid} is on no host and holds ports {held}."


def _check_claim(instance, world):
    claimed = sorted(row.host for row in world.claims[instance.uuid])
    if claimed != ([instance.host] if instance.host else []):
        yield f"Instance {instance.uuid} is on host {instance.host}, and has claims on {claimed}."
        return
    spec = objects.RequestSpec.obj_from_primitive(instance.request_spec)
    for row in world.claims[instance.uuid]:
        if any(getattr(row, name) != getattr(spec, name) for name in _SIZE):
            yield f"Instance {instance.uuid} has a claim on {row.host} that is not of its size: {row}."


def _check_gone(world):
    for what, held in (("ports", world.addresses), ("claims", world.claims)):
        for uuid in held:
            if held[uuid] and uuid not in world.instances:
                yield f"Instance {uuid} does not exist, and holds {len(held[uuid])} {what}."


def _check_usage(world):
    claims_by_host = _by([claim for claims in world.claims.values() for claim in claims], "host")
    for node in world.nodes:
        used = {name: getattr(node, f"{name}_used") for name in _SIZE}
        claimed = {name: sum(getattr(claim, name) for claim in claims_by_host[node.host]) for name in _SIZE}
        if used != claimed:
            yield f"Host {node.host} counts {used} as used, and its claims add up to {claimed}."


def _check_quotas(world):
    for project_id, rows in _by(world.instances.values(), "project_id").items():
        cores = sum(row.flavor["vcpus"] for row in rows)
        ram = sum(row.flavor["memory_mb"] for row in rows)
        expected = quotas.Amounts(instances=len(rows), cores=cores, ram=ram)
        if world.usage[project_id] != expected:
            yield f"Project {project_id} has {world.usage[project_id]} counted, and its instances are {expected}."


def _check_actions(world):
    for action in world.open_actions:
        instance = world.instances.get(action.instance_uuid)
        if instance is None or instance.task_id != action.id:
            yield f"Instance {action.instance_uuid}: its action {action.action} ({action.id}) has no end."
