# SPDX-License-Identifier: Apache-2.0
"""Queries of the networks and their addresses.

A freed address stays as a row without an instance. So the lowest free one is the first entry of an index,
however many are in use, and rows have to be added only when none is free.
"""

import ipaddress

import sqlalchemy as sa
from oslo_utils import timeutils, uuidutils

from minova import exception
from minova.compute import vm_states
from minova.db.models import fixed_ips, instances, networks

# The network's own address and its gateway.
_RESERVED_AT_START = 2
_ROWS_ADDED_AT_ONCE = 64
_FREE = {"instance_uuid": None, "attempt": None, "port_id": None, "allocated_at": None}


def find(conn):
    """All networks, oldest first."""
    return conn.execute(sa.select(networks).order_by(networks.c.created_at, networks.c.id)).all()


def get(conn, network_id):
    """:raises NetworkNotFound:"""
    row = conn.execute(sa.select(networks).where(networks.c.id == network_id)).first()
    if row is None:
        raise exception.NetworkNotFound(network_id=network_id)
    return row


def find_addresses(conn, instance_uuid):
    """The addresses of an instance, each with its network's ``label``."""
    statement = sa.select(fixed_ips, networks.c.label).join(networks, networks.c.id == fixed_ips.c.network_id)
    return conn.execute(statement.where(fixed_ips.c.instance_uuid == instance_uuid)).all()


def take_address(conn, network, instance_uuid, attempt):
    """Give the lowest free address of ``network`` (a row of networks) to an instance.

    :raises NoMoreAddresses:
    :raises DBDuplicateEntry: when another transaction was faster; run the whole transaction again.
    """
    free = _lowest_free(conn, network.id)
    if free is None:
        _add_addresses(conn, network)
        free = _lowest_free(conn, network.id)
    values = {"instance_uuid": instance_uuid, "attempt": attempt, "port_id": uuidutils.generate_uuid()}
    statement = fixed_ips.update().where(
        fixed_ips.c.network_id == network.id, fixed_ips.c.number == free.number
    )
    conn.execute(statement.values(allocated_at=timeutils.utcnow(), **values))


def adopt_addresses(conn, instance_uuid, attempt):
    """Let what an instance holds from an earlier attempt belong to this one."""
    conn.execute(
        fixed_ips.update()
        .where(fixed_ips.c.instance_uuid == instance_uuid, fixed_ips.c.attempt < attempt)
        .values(attempt=attempt)
    )


def release(conn, instance_uuid, attempt=None):
    """Free the addresses of an instance: all, or those that no later attempt than ``attempt`` holds.

    :returns: how many they were.
    """
    statement = fixed_ips.update().where(fixed_ips.c.instance_uuid == instance_uuid)
    if attempt is not None:
        statement = statement.where(fixed_ips.c.attempt <= attempt)
    return conn.execute(statement.values(**_FREE)).rowcount


def find_abandoned(conn):
    """The uuids of instances that hold addresses and no longer exist, or failed for good before they had a host."""
    failed = (instances.c.vm_state == vm_states.ERROR) & instances.c.host.is_(None)
    in_need = sa.exists().where(
        instances.c.uuid == fixed_ips.c.instance_uuid, ~instances.c.deleted, sa.not_(failed)
    )
    statement = sa.select(fixed_ips.c.instance_uuid).where(fixed_ips.c.instance_uuid.is_not(None), ~in_need)
    return conn.execute(statement.distinct()).scalars().all()


def _lowest_free(conn, network_id):
    statement = (
        sa.select(fixed_ips.c.number)
        .where(fixed_ips.c.network_id == network_id, fixed_ips.c.instance_uuid.is_(None))
        .order_by(fixed_ips.c.number)
        .limit(1)
    )
    # Two that allocate at once take different addresses instead of waiting for each other.
    return conn.execute(statement.with_for_update(skip_locked=True)).first()


def _add_addresses(conn, network):
    last = conn.execute(
        sa.select(sa.func.max(fixed_ips.c.number)).where(fixed_ips.c.network_id == network.id)
    ).scalar()
    first = _RESERVED_AT_START if last is None else last + 1
    block = ipaddress.ip_network(network.cidr)
    # The last address of a network is its broadcast address.
    end = min(first + _ROWS_ADDED_AT_ONCE, block.num_addresses - 1)
    if first >= end:
        raise exception.NoMoreAddresses(network_id=network.id)
    conn.execute(fixed_ips.insert(), [_row(network.id, block, number) for number in range(first, end)])


def _row(network_id, block, number):
    address = block[number]
    return {
        "network_id": network_id,
        "number": number,
        "address": str(address),
        "mac_address": _mac_address(address),
        **_FREE,
    }


def _mac_address(address):
    """Always the same for the same address: OpenStack's fa:16 and the address itself."""
    return ":".join(f"{byte:02x}" for byte in (0xFA, 0x16, *address.packed[-4:]))
