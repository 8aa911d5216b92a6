# SPDX-License-Identifier: Apache-2.0
"""What the scheduler's tests are made of: hosts and requests, in memory and on record."""

import minova.conf
from minova import objects
from minova.db import compute_nodes, instances, services
from minova.scheduler import host_manager
from tests import records

CONF = minova.conf.CONF
TASK_ID = "11111111-1111-4111-8111-111111111111"


def new_host(host="host1", **values):
    """A host as filters see it: 8 CPUs, 8192 MB, 100 GB, nothing claimed."""
    values = {
        "availability_zone": "minova",
        "up": True,
        "forced_down": False,
        "seconds_since_report": 1.0,
        "disabled": False,
        "disabled_reason": None,
        "accepting": True,
        "vcpus": 8,
        "memory_mb": 8192,
        "local_gb": 100,
        "vcpus_capacity": 8,
        "memory_mb_capacity": 8192,
        "local_gb_capacity": 100,
        "vcpus_used": 0,
        "memory_mb_used": 0,
        "local_gb_used": 0,
        "num_io_ops": 0,
        "running_vms": 0,
    } | values
    return host_manager.Host(host=host, **values)


def new_flavor(vcpus=1, memory_mb=1024, root_gb=10, ephemeral_gb=0, swap=0):
    return objects.Flavor(
        flavorid="1",
        name="m1.test",
        vcpus=vcpus,
        memory_mb=memory_mb,
        root_gb=root_gb,
        ephemeral_gb=ephemeral_gb,
        swap=swap,
        extra_specs={},
    )


def new_request(uuids=(), flavor=None, **values):
    values = {
        "instance_uuids": list(uuids),
        "task_ids": [TASK_ID] * len(uuids),
        "attempt": 0,
        "project_id": "demo",
        "flavor": flavor or new_flavor(),
        "image_ref": "image",
        "availability_zone": None,
        "force_host": None,
        "ignore_hosts": [],
        "scheduler_hints": {},
        "requested_networks": None,
    } | values
    return objects.RequestSpec(**values)


def new_host_state(host, **values):
    values = {
        "hypervisor_hostname": host,
        "hypervisor_type": "fake",
        "hypervisor_version": 1,
        "vcpus": 8,
        "memory_mb": 8192,
        "local_gb": 100,
        "cpu_info": "{}",
        "running_vms": 0,
        "num_io_ops": 0,
        "accepting": True,
    } | values
    return objects.HostState(host=host, **values)


def add_host(database, host, availability_zone="minova", **values):
    """Record a host that has just reported; each CPU may be claimed once, unless said otherwise."""
    CONF.set_override("cpu_allocation_ratio", values.pop("cpu_allocation_ratio", 1.0), group="compute")
    with database.writer() as conn:
        services.report(conn, host, "minova-compute", "compute", availability_zone)
        compute_nodes.save_host_states(conn, [new_host_state(host, **values)])


def add_instances(database, count=1, task_id=TASK_ID, **values):
    """Record instances that wait for a host.

    :returns: their uuids.
    """
    return [records.add_instance(database, task_id=task_id, **values).uuid for _ in range(count)]


def delete_instance(database, uuid):
    with database.writer() as conn:
        instances.delete(conn, instances.get(conn, uuid, lock=True))


def select_destinations(scheduler_manager, request_spec):
    """Hosts by instance: the claimed one first."""
    selected = scheduler_manager.select_destinations(records.make_context(), request_spec)
    return [[selection.host for selection in selections] for selections in selected]


def used(database):
    """What is claimed of each host: host to (vCPUs, MB, GB)."""
    with database.reader() as conn:
        rows = compute_nodes.find(conn)
    return {row.host: (row.vcpus_used, row.memory_mb_used, row.local_gb_used) for row in rows}
