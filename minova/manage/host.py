# SPDX-License-Identifier: Apache-2.0
"""`minova-manage host`: the compute hosts. One is added by starting a minova-compute of its name."""

from minova import exception, servicegroup
from minova.db import allocations, compute_nodes, engine, instances, services
from minova.manage import db, table
from minova.manage.service import state, status

_BINARY = "minova-compute"
_HEADER = ("Host", "Zone", "Status", "State", "vCPUs", "Memory MB", "Disk GB", "Guests")


def show_all(_args):
    with db.opened() as database, database.reader() as conn:
        nodes = compute_nodes.find(conn)
    if nodes:
        print(table.render(_HEADER, [_cells(node) for node in nodes]))
    else:
        print("No compute host has reported yet.")


def remove(args):
    with db.opened() as database:
        _remove(database, args.host_name)
    print(f"Host {args.host_name} is forgotten.")


@engine.retry_on_deadlock
def _remove(database, host):
    with database.writer() as conn:
        _check_removable(conn, host)
        compute_nodes.delete(conn, host)
        for service in services.find(conn, host=host, binary=_BINARY):
            services.delete(conn, service.uuid)


def _check_removable(conn, host):
    found = services.find(conn, host=host, binary=_BINARY)
    if not found:
        raise exception.ComputeHostNotFound(host=host)
    if any(servicegroup.is_up(service) for service in found):
        raise exception.Conflict(f"Host {host} is up: stop its {_BINARY} first, or force it down.")
    uuids = {row.uuid for row in instances.find_by_hosts(conn, [host])}
    uuids |= {row.instance_uuid for row in allocations.find_by_host(conn, host)}
    if uuids:
        raise exception.Conflict(
            f"Host {host} still has {len(uuids)} instances: delete or move them first ({min(uuids)}, ...)."
        )


def _cells(node):
    return (
        node.host,
        node.availability_zone,
        status(node),
        state(node),
        f"{node.vcpus_used}/{node.vcpus}",
        f"{node.memory_mb_used}/{node.memory_mb}",
        f"{node.local_gb_used}/{node.local_gb}",
        node.running_vms,
    )
