# SPDX-License-Identifier: Apache-2.0
"""How an image looks through Nova."""

from minova.api.views import moments

_COMPLETE_PERCENT = 100


def summary(row, links):
    """As in a short list."""
    alternate = {"rel": "alternate", "type": "application/vnd.openstack.image"}
    alternate["href"] = links.bookmark("images", row.id)["href"]
    return {"id": row.id, "name": row.name, "links": [*links.of("images", row.id), alternate]}


def detail(row, links):
    """As by itself."""
    return {
        **summary(row, links),
        "status": row.status,
        "progress": _COMPLETE_PERCENT if row.status == "ACTIVE" else 0,
        "minDisk": row.min_disk_gb,
        "minRam": row.min_ram_mb,
        "metadata": row.properties,
        "created": moments.with_zone(row.created_at),
        "updated": moments.with_zone(row.updated_at),
        "OS-EXT-IMG-SIZE:size": row.size_bytes,
    }
