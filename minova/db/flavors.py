# SPDX-License-Identifier: Apache-2.0
"""Queries of the flavors."""

import sqlalchemy as sa
from oslo_db import exception as db_exc
from oslo_utils import timeutils

from minova import exception
from minova.db.models import flavors

# What a list may be sorted by, with Nova's names.
SORT_KEYS = {
    "created_at": flavors.c.created_at,
    "ephemeral_gb": flavors.c.ephemeral_gb,
    "flavorid": flavors.c.flavorid,
    "id": flavors.c.id,
    "memory_mb": flavors.c.memory_mb,
    "name": flavors.c.name,
    "root_gb": flavors.c.root_gb,
    "swap": flavors.c.swap,
    "vcpus": flavors.c.vcpus,
}
_GET = sa.select(flavors).where(flavors.c.flavorid == sa.bindparam("flavorid"))


def find(conn, is_public=None, min_disk_gb=0, min_ram_mb=0, sort_key="flavorid", descending=False):
    """All flavors, or those that are public or not, and at least as large as asked."""
    statement = sa.select(flavors).where(flavors.c.root_gb >= min_disk_gb, flavors.c.memory_mb >= min_ram_mb)
    if is_public is not None:
        statement = statement.where(flavors.c.is_public == is_public)
    column = SORT_KEYS[sort_key]
    order = column.desc() if descending else column
    return conn.execute(statement.order_by(order, flavors.c.id)).all()


def get(conn, flavorid, public_only=False):
    """:raises FlavorNotFound:"""
    row = conn.execute(_GET, {"flavorid": flavorid}).first()
    if row is None or (public_only and not row.is_public):
        raise exception.FlavorNotFound(flavor_id=flavorid)
    return row


def insert(conn, **values):
    """:raises FlavorExists: when the id or the name is taken."""
    for attribute in ("name", "flavorid"):
        taken = sa.select(flavors.c.id).where(flavors.c[attribute] == values[attribute])
        if conn.execute(taken).first() is not None:
            raise exception.FlavorExists(attribute=attribute, value=values[attribute])
    try:
        conn.execute(flavors.insert().values(created_at=timeutils.utcnow(), **values))
    except db_exc.DBDuplicateEntry as err:  # taken since we looked
        raise exception.FlavorExists(attribute="flavorid", value=values["flavorid"]) from err


def delete(conn, flavorid):
    """:raises FlavorNotFound:"""
    if not conn.execute(flavors.delete().where(flavors.c.flavorid == flavorid)).rowcount:
        raise exception.FlavorNotFound(flavor_id=flavorid)
