# SPDX-License-Identifier: Apache-2.0
"""A guest's diagnostics, in the form that the Compute API has had since microversion 2.48.

The figures are made up, but as real ones do they grow while the guest runs.
"""

import json
import time

from minova.virt import power_state

# A plausible idle guest, per second of uptime.
_CPU_NANOSECONDS = 20_000_000
_BYTES = 512


def render(guest) -> dict:
    """Compose the diagnostics of a guests.StoredGuest now."""
    is_running = guest.power_state == power_state.RUNNING
    uptime_seconds = int(time.time() - guest.started_at) if is_running else 0
    return {
        "state": power_state.NAMES[guest.power_state],
        # Clients check this against a closed list (libvirt, xenapi, vmwareapi, hyperv, ironic).
        "driver": "libvirt",
        "hypervisor": "fake",
        "hypervisor_os": "linux",
        "uptime": uptime_seconds,
        "config_drive": False,
        "num_cpus": guest.vcpus,
        "num_disks": 1,
        "num_nics": len(json.loads(guest.network_info)),
        "memory_details": {"maximum": guest.memory_mb, "used": guest.memory_mb // 4 if is_running else 0},
        "cpu_details": [_cpu(index, uptime_seconds) for index in range(guest.vcpus)],
        "disk_details": [_disk(uptime_seconds)],
        "nic_details": [_nic(link, uptime_seconds) for link in json.loads(guest.network_info)],
    }


def _cpu(index, uptime_seconds):
    return {"id": index, "time": uptime_seconds * _CPU_NANOSECONDS, "utilisation": 2 if uptime_seconds else 0}


def _disk(uptime_seconds):
    return {
        "read_bytes": uptime_seconds * _BYTES,
        "read_requests": uptime_seconds,
        "write_bytes": uptime_seconds * _BYTES,
        "write_requests": uptime_seconds,
        "errors_count": 0,
    }


def _nic(link, uptime_seconds):
    details = {"mac_address": link.get("mac_address")}
    for way in ("rx", "tx"):
        details[f"{way}_octets"] = uptime_seconds * _BYTES
        details[f"{way}_packets"] = uptime_seconds
        details[f"{way}_rate"] = 0
        details[f"{way}_drop"] = 0
        details[f"{way}_errors"] = 0
    return details
