# SPDX-License-Identifier: Apache-2.0
"""How a hypervisor looks."""

from minova.api.views import services


def summary(row):
    """As in a short list."""
    return {
        "id": row.id,
        "hypervisor_hostname": row.hypervisor_hostname,
        "state": services.state(row),
        "status": "disabled" if row.disabled else "enabled",
    }


def detail(row):
    """As by itself. Free amounts may be negative: claims go up to the allocation ratios."""
    return {
        **summary(row),
        "service": {"id": row.service_id, "host": row.host, "disabled_reason": row.disabled_reason},
        "host_ip": "127.0.0.1",
        "hypervisor_type": row.hypervisor_type,
        "hypervisor_version": row.hypervisor_version,
        "cpu_info": row.cpu_info,
        "disk_available_least": row.local_gb - row.local_gb_used,
        **_amounts(row),
    }


def statistics(row):
    """The sums over all of them."""
    return {
        "count": row.count,
        "disk_available_least": row.local_gb - row.local_gb_used,
        **_amounts(row),
    }


def _amounts(row):
    return {
        "vcpus": row.vcpus,
        "vcpus_used": row.vcpus_used,
        "memory_mb": row.memory_mb,
        "memory_mb_used": row.memory_mb_used,
        "free_ram_mb": row.memory_mb - row.memory_mb_used,
        "local_gb": row.local_gb,
        "local_gb_used": row.local_gb_used,
        "free_disk_gb": row.local_gb - row.local_gb_used,
        "running_vms": row.running_vms,
        "current_workload": row.num_io_ops,
    }
