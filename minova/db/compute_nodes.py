# SPDX-License-Identifier: Apache-2.0
"""Queries of the compute nodes: inventory and usage of each host, as its compute and its claims say."""

import contextlib
import re

import sqlalchemy as sa
from oslo_db import exception as db_exception
from oslo_utils import timeutils, uuidutils

import minova.conf
from minova import exception
from minova.db import engine
from minova.db.models import compute_nodes, services

CONF = minova.conf.CONF

_SERVICE_OF_NODE = (services.c.host == compute_nodes.c.host) & (services.c.binary == "minova-compute")
_SERVICE_COLUMNS = (
    services.c.availability_zone,
    services.c.disabled,
    services.c.disabled_reason,
    services.c.forced_down,
    (engine.now_epoch() - services.c.last_seen_epoch).label("seconds_since_report"),
)
_NODES = sa.select(
    compute_nodes,
    services.c.id.label("service_id"),
    services.c.uuid.label("service_uuid"),
    *_SERVICE_COLUMNS,
).join(services, _SERVICE_OF_NODE)

# No more than the scheduler needs: it reads them all for every request.
_CANDIDATES = (
    sa.select(
        compute_nodes.c.host,
        compute_nodes.c.vcpus,
        compute_nodes.c.memory_mb,
        compute_nodes.c.local_gb,
        compute_nodes.c.cpu_allocation_ratio,
        compute_nodes.c.ram_allocation_ratio,
        compute_nodes.c.disk_allocation_ratio,
        compute_nodes.c.vcpus_used,
        compute_nodes.c.memory_mb_used,
        compute_nodes.c.local_gb_used,
        compute_nodes.c.running_vms,
        compute_nodes.c.num_io_ops,
        compute_nodes.c.accepting,
        *_SERVICE_COLUMNS,
    )
    .join(services, _SERVICE_OF_NODE)
    # The order in which claims lock them; see allocations.py.
    .order_by(compute_nodes.c.host)
)

_REPORTED = (
    "hypervisor_hostname",
    "hypervisor_type",
    "hypervisor_version",
    "cpu_info",
    "vcpus",
    "memory_mb",
    "local_gb",
    "running_vms",
    "num_io_ops",
    "accepting",
)


def find(conn):
    """All nodes that have a service, with its ``service_id``, ``service_uuid``, ``availability_zone``,
    ``disabled``, ``disabled_reason``, ``forced_down`` and ``seconds_since_report``; oldest first.
    """
    return conn.execute(_NODES.order_by(compute_nodes.c.id)).all()


def get(conn, id_or_uuid):
    """The node of this id (an integer or its digits) or uuid, with its service as ``find`` gives it.

    :raises ComputeHostNotFound:
    """
    # More than nine digits may be beyond the column's range, which some databases take for an error.
    is_id = re.fullmatch("[0-9]{1,9}", str(id_or_uuid))
    condition = compute_nodes.c.id == int(id_or_uuid) if is_id else compute_nodes.c.uuid == str(id_or_uuid)
    row = conn.execute(_NODES.where(condition)).first()
    if row is None:
        raise exception.ComputeHostNotFound(host=id_or_uuid)
    return row


def find_candidates(conn, lock=False):
    """What the scheduler needs to know of all nodes that have a service.

    :param lock: keep others from claiming on them until the transaction ends.
    """
    statement = _CANDIDATES.with_for_update(of=compute_nodes) if lock else _CANDIDATES
    return conn.execute(statement).all()


def statistics(conn):
    """Sums over all nodes: ``count`` and the columns of inventory and usage, in one row."""
    summed = (
        "vcpus",
        "vcpus_used",
        "memory_mb",
        "memory_mb_used",
        "local_gb",
        "local_gb_used",
        "running_vms",
        "num_io_ops",
    )
    columns = [
        sa.cast(sa.func.coalesce(sa.func.sum(compute_nodes.c[name]), 0), sa.BigInteger) for name in summed
    ]
    labelled = [column.label(name) for column, name in zip(columns, summed, strict=True)]
    statement = sa.select(sa.func.count(compute_nodes.c.id).label("count"), *labelled)
    return conn.execute(statement.join(services, _SERVICE_OF_NODE)).one()


def save_host_states(conn, host_states):
    """Write what hosts report (objects.HostState); a record is made at the first report, and left alone while it
    says the same.

    Most heartbeats change nothing, and a write would make the claims on the host wait for it.
    """
    reported = {host_state.host: _columns(host_state) for host_state in host_states}
    statement = sa.select(compute_nodes).where(compute_nodes.c.host.in_(reported))
    recorded = {row.host: row._mapping for row in conn.execute(statement)}
    _insert(conn, {host: reported[host] for host in reported.keys() - recorded.keys()})
    _update(conn, {host: reported[host] for host, row in recorded.items() if _differs(row, reported[host])})


def delete(conn, host):
    """Forget a host's node; its claims stay until their instances are released."""
    conn.execute(compute_nodes.delete().where(compute_nodes.c.host == host))


def _columns(host_state):
    return {
        **{name: getattr(host_state, name) for name in _REPORTED},
        "cpu_allocation_ratio": CONF.compute.cpu_allocation_ratio,
        "ram_allocation_ratio": CONF.compute.ram_allocation_ratio,
        "disk_allocation_ratio": CONF.compute.disk_allocation_ratio,
    }


def _differs(row, columns):
    return any(row[name] != value for name, value in columns.items())


def _insert(conn, columns_by_host):
    rows = [
        {"host": host, "uuid": uuidutils.generate_uuid(), "created_at": timeutils.utcnow(), **columns}
        for host, columns in sorted(columns_by_host.items())
    ]
    if not rows:
        return
    # Another conductor may record the same hosts just now; then the next report says what this one did.
    with contextlib.suppress(db_exception.DBDuplicateEntry), conn.begin_nested():
        conn.execute(compute_nodes.insert(), rows)


def _update(conn, columns_by_host):
    rows = [
        {"of_host": host, "updated_at": timeutils.utcnow(), **columns}
        for host, columns in sorted(columns_by_host.items())
    ]
    if rows:
        conn.execute(compute_nodes.update().where(compute_nodes.c.host == sa.bindparam("of_host")), rows)
