# SPDX-License-Identifier: Apache-2.0
"""Claims of instances on the resources of hosts; no host is ever claimed beyond its capacity.

A claim is a row of ``allocations`` together with its share in the ``*_used`` columns of ``compute_nodes``: both
change in one transaction, so that the columns are always the sum of the rows.

Every transaction that touches several of these takes its row locks in one order, or PostgreSQL and MariaDB find
two of them waiting for each other: instances by uuid, then allocations, then compute_nodes by host. Where the
order cannot be kept (MariaDB also locks the gaps between rows), the one chosen as victim is run again by
engine.retry_on_deadlock.
"""

import sqlalchemy as sa

from minova.db.models import allocations, compute_nodes, instances

# The attempt of a claim that the present task found: the way back, should the task fail.
_SET_ASIDE = -1

# The statements of every boot are built once: that costs more than running them.
_LOCK_INSTANCES = (
    sa.select(instances.c.uuid, instances.c.task_id, instances.c.attempt)
    .where(instances.c.uuid.in_(sa.bindparam("uuids", expanding=True)), ~instances.c.deleted)
    .order_by(instances.c.uuid)
    .with_for_update()
)
_FIND_BY_INSTANCES = sa.select(allocations).where(
    allocations.c.instance_uuid.in_(sa.bindparam("uuids", expanding=True))
)


def _make_take():
    """Compares and adds in one statement, so that no other claim can come between."""
    node = compute_nodes.c
    vcpus_used = node.vcpus_used + sa.bindparam("take_vcpus", type_=sa.Integer)
    memory_mb_used = node.memory_mb_used + sa.bindparam("take_memory_mb", type_=sa.Integer)
    local_gb_used = node.local_gb_used + sa.bindparam("take_local_gb", type_=sa.Integer)
    return (
        compute_nodes.update()
        .where(
            node.host == sa.bindparam("of_host"),
            vcpus_used <= node.vcpus * node.cpu_allocation_ratio,
            memory_mb_used <= node.memory_mb * node.ram_allocation_ratio,
            local_gb_used <= node.local_gb * node.disk_allocation_ratio,
        )
        .values(vcpus_used=vcpus_used, memory_mb_used=memory_mb_used, local_gb_used=local_gb_used)
    )


_TAKE = _make_take()


def lock_instances(conn, uuids):
    """Keep others from changing or deleting these instances until the transaction ends.

    :returns: uuid to row (``task_id``, ``attempt``) of those that live.
    """
    rows = conn.execute(_LOCK_INSTANCES, {"uuids": list(uuids)}).all()
    return {row.uuid: row for row in rows}


def find_by_instances(conn, uuids):
    """All claims of these instances."""
    return conn.execute(_FIND_BY_INSTANCES, {"uuids": list(uuids)}).all()


def find_by_host(conn, host):
    """All claims on a host."""
    return conn.execute(sa.select(allocations).where(allocations.c.host == host)).all()


def find_of_project(conn, project_id, uuids):
    """The claims of those of ``uuids`` that are living instances of the project."""
    statement = sa.select(allocations.c.instance_uuid, allocations.c.host).where(
        allocations.c.instance_uuid == instances.c.uuid,
        instances.c.uuid.in_(uuids),
        instances.c.project_id == project_id,
        ~instances.c.deleted,
    )
    return conn.execute(statement).all()


def claim(conn, instance_uuid, attempt, host, vcpus, memory_mb, local_gb):
    """Claim a host for one instance; a claim that it already has there serves the new attempt.

    The caller has locked the instance in the same transaction (``instances.get(..., lock=True)``) and seen that
    it is still the task's, or the claim of an instance just deleted would stay for ever.

    :returns: False when the host has no room for it (or does not exist).
    """
    key = (allocations.c.instance_uuid == instance_uuid, allocations.c.host == host)
    # Not by an UPDATE that may find nothing: on MariaDB it would lock the gap in which others insert.
    if conn.execute(sa.select(allocations.c.attempt).where(*key)).first() is not None:
        conn.execute(allocations.update().where(*key).values(attempt=attempt))
        return True
    size = {"vcpus": vcpus, "memory_mb": memory_mb, "local_gb": local_gb}
    conn.execute(allocations.insert().values(instance_uuid=instance_uuid, host=host, attempt=attempt, **size))
    if _take(conn, host, 1, size):
        return True
    conn.execute(allocations.delete().where(*key))
    return False


def claim_all(conn, host_by_uuid, attempt, vcpus, memory_mb, local_gb):
    """Claim hosts for instances of one size that have no claim there yet.

    :param host_by_uuid: instance uuid to host.
    :returns: None, or the host that has no room: then the caller rolls the transaction back.
    """
    if not host_by_uuid:
        return None
    size = {"vcpus": vcpus, "memory_mb": memory_mb, "local_gb": local_gb}
    rows = [
        {"instance_uuid": uuid, "host": host, "attempt": attempt, **size}
        for uuid, host in host_by_uuid.items()
    ]
    conn.execute(allocations.insert(), rows)
    hosts = list(host_by_uuid.values())
    for host in sorted(set(hosts)):
        if not _take(conn, host, hosts.count(host), size):
            return host
    return None


def release(conn, instance_uuid, host=None):
    """Give back what an instance has claimed, on ``host`` or everywhere; a second release does nothing.

    :returns: the hosts that were released.
    """
    return _release(conn, instance_uuid, *([] if host is None else [allocations.c.host == host]))


def release_all_but(conn, instance_uuid, host):
    """Give back what an instance has claimed elsewhere than on ``host``."""
    return _release(conn, instance_uuid, allocations.c.host != host)


def set_aside(conn, instance_uuid):
    """Mark what an instance has claimed as what it had before the task that begins.

    Attempts count anew in each task: no claim of an earlier one may be taken for the answer to an attempt of this.
    """
    claimed = allocations.update().where(allocations.c.instance_uuid == instance_uuid)
    conn.execute(claimed.values(attempt=_SET_ASIDE))


def find_set_aside(conn, instance_uuid):
    """The host of the claim that was set aside, or None."""
    statement = sa.select(allocations.c.host).where(
        allocations.c.instance_uuid == instance_uuid, allocations.c.attempt == _SET_ASIDE
    )
    return conn.execute(statement).scalar()


def _release(conn, instance_uuid, *conditions):
    claimed = sa.select(allocations).where(allocations.c.instance_uuid == instance_uuid, *conditions)
    # The lock is what makes it once: of two that release together, the second finds the row gone.
    rows = conn.execute(claimed.order_by(allocations.c.host).with_for_update()).all()
    for row in rows:
        _delete(conn, row)
    for row in rows:
        _give_back(conn, row)
    return [row.host for row in rows]


def _take(conn, host, count, size):
    values = {f"take_{name}": count * each for name, each in size.items()}
    return conn.execute(_TAKE, {"of_host": host, **values}).rowcount == 1


def _delete(conn, row):
    conn.execute(
        allocations.delete().where(
            allocations.c.instance_uuid == row.instance_uuid, allocations.c.host == row.host
        )
    )


def _give_back(conn, row):
    node = compute_nodes.c
    conn.execute(
        compute_nodes.update()
        .where(node.host == row.host)
        .values(
            vcpus_used=node.vcpus_used - row.vcpus,
            memory_mb_used=node.memory_mb_used - row.memory_mb,
            local_gb_used=node.local_gb_used - row.local_gb,
        )
    )
