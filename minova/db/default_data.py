# SPDX-License-Identifier: Apache-2.0
"""What a new database begins with: flavors, images, a network. The ids are the same everywhere."""

import uuid

from oslo_utils import timeutils

from minova.db import models

# The values of Nova's first releases, and DevStack's smallest.
_FLAVORS = (
    # flavorid, name, vcpus, memory_mb, root_gb
    ("1", "m1.tiny", 1, 512, 1),
    ("2", "m1.small", 1, 2048, 20),
    ("3", "m1.medium", 2, 4096, 40),
    ("4", "m1.large", 4, 8192, 80),
    ("5", "m1.xlarge", 8, 16384, 160),
    ("42", "m1.nano", 1, 128, 1),
)

# The sizes are those of the real images; nothing is ever downloaded.
_IMAGES = (
    # name, size_bytes, architecture
    ("cirros", 21692416, "x86_64"),
    ("debian-12", 350158848, "x86_64"),
    ("ubuntu-24.04", 622329856, "x86_64"),
)

_NETWORKS = (
    # label, cidr: 65,533 addresses for instances
    ("private", "10.0.0.0/16"),
)


def insert(conn):
    """Fill a database that has tables and no rows."""
    conn.execute(models.flavors.insert(), [_flavor(*values) for values in _FLAVORS])
    conn.execute(models.images.insert(), [_image(*values) for values in _IMAGES])
    conn.execute(models.networks.insert(), [_network(*values) for values in _NETWORKS])


def fixed_id(noun, name):
    """The id of a default image or network."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"minova:{noun}:{name}"))


def _flavor(flavorid, name, vcpus, memory_mb, root_gb):
    return {
        "flavorid": flavorid,
        "name": name,
        "vcpus": vcpus,
        "memory_mb": memory_mb,
        "root_gb": root_gb,
        "created_at": timeutils.utcnow(),
    }


def _image(name, size_bytes, architecture):
    now = timeutils.utcnow()
    return {
        "id": fixed_id("image", name),
        "name": name,
        "status": "ACTIVE",
        "size_bytes": size_bytes,
        "properties": {"architecture": architecture},
        "created_at": now,
        "updated_at": now,
    }


def _network(label, cidr):
    return {
        "id": fixed_id("network", label),
        "label": label,
        "cidr": cidr,
        "created_at": timeutils.utcnow(),
    }
