# SPDX-License-Identifier: Apache-2.0
"""How a flavor looks."""


def summary(row, links):
    """As in a short list."""
    return {"id": row.flavorid, "name": row.name, "links": links.of("flavors", row.flavorid)}


def detail(row, links):
    """As by itself."""
    return {
        "id": row.flavorid,
        "name": row.name,
        "ram": row.memory_mb,
        "disk": row.root_gb,
        "swap": row.swap or "",
        "OS-FLV-EXT-DATA:ephemeral": row.ephemeral_gb,
        "OS-FLV-DISABLED:disabled": row.disabled,
        "vcpus": row.vcpus,
        "os-flavor-access:is_public": row.is_public,
        "rxtx_factor": row.rxtx_factor,
        "links": links.of("flavors", row.flavorid),
    }
