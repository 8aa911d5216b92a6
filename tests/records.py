# SPDX-License-Identifier: Apache-2.0
"""Makes records for unit tests: a real SQLite file with instances, hosts and services in it."""

from oslo_utils import timeutils, uuidutils

import minova.conf
from minova import context, objects
from minova.db import actions, compute_nodes, engine, instances, models, services

FLAVOR = {
    "flavorid": "1",
    "name": "m1.tiny",
    "vcpus": 1,
    "memory_mb": 512,
    "root_gb": 1,
    "ephemeral_gb": 0,
    "swap": 0,
    "extra_specs": {},
}
_FAR_FUTURE = 4e9


def make_database(path):
    """An empty database in ``path`` with all tables. Pair it with the ``conf`` fixture."""
    minova.conf.CONF.set_override("state_path", str(path))
    database = engine.Database()
    models.metadata.create_all(database.engine)
    return database


def make_context(project_id="demo"):
    return context.RequestContext(user_id="user", project_id=project_id, is_admin=True, roles=["admin"])


def add_host(database, host, vcpus=16, memory_mb=32768, local_gb=1000):
    """A compute that has just reported."""
    state = objects.HostState(
        host=host,
        hypervisor_hostname=host,
        hypervisor_type="fake",
        hypervisor_version=1,
        vcpus=vcpus,
        memory_mb=memory_mb,
        local_gb=local_gb,
        cpu_info="{}",
        running_vms=0,
        num_io_ops=0,
        accepting=True,
    )
    with database.writer() as conn:
        services.report(conn, host, "minova-compute", "compute", "nova")
        compute_nodes.save_host_states(conn, [state])


def add_instance(database, task_state="scheduling", vm_state="building", attempt=0, host=None, **values):
    """An instance with a create task; returns its row."""
    uuid, task_id = uuidutils.generate_uuid(), uuidutils.generate_uuid()
    now = timeutils.utcnow()
    row = {
        "uuid": uuid,
        "project_id": "demo",
        "user_id": "user",
        "reservation_id": "r-1",
        "launch_index": 0,
        "display_name": "bar",
        "hostname": "bar",
        "image_ref": "image",
        "flavor": FLAVOR,
        "vcpus": 1,
        "memory_mb": 512,
        "root_gb": 1,
        "metadata": {},
        "network_info": [],
        "request_spec": {},
        "vm_state": vm_state,
        "task_state": task_state,
        "task_id": task_id if task_state else None,
        "deadline_epoch": _FAR_FUTURE if task_state else None,
        "attempt": attempt,
        "host": host,
        "created_at": now,
        "updated_at": now,
        **values,
    }
    with database.writer() as conn:
        instances.insert(conn, [row])
        actions.start(conn, make_context(), uuid, "create", task_id)
        return instances.get(conn, uuid)


def make_request_spec(rows, **values):
    """The request that asked for ``rows``."""
    fields = {
        "instance_uuids": [row.uuid for row in rows],
        "task_ids": [row.task_id for row in rows],
        "attempt": rows[0].attempt,
        "project_id": "demo",
        "flavor": objects.Flavor(**FLAVOR),
        "image_ref": "image",
        "availability_zone": None,
        "force_host": None,
        "ignore_hosts": [],
        "scheduler_hints": {},
        "requested_networks": None,
        **values,
    }
    return objects.RequestSpec(**fields)
