# SPDX-License-Identifier: Apache-2.0
"""What a guest's serial console shows, composed from its history when somebody looks."""

import json
import time

# Seconds and text. A boot takes no time here, so it must look like a quick one.
_BOOT = (
    (0.000, "Linux version 6.1.0-minova (build@minova) #1 SMP PREEMPT_DYNAMIC"),
    (0.000, "Command line: root=LABEL=root ro console=tty1 console=ttyS0"),
    (0.001, "Hypervisor detected: minova simulated hypervisor"),
    (0.002, "smpboot: Allowing {vcpus} CPUs, 0 hotplug CPUs"),
    (0.005, "Memory: {memory_kb}K available"),
    (0.021, "clocksource: Switched to clocksource kvm-clock"),
    (0.038, "virtio_blk virtio0: [vda] {disk_gb} GiB"),
    (0.040, "virtio_net virtio1 eth0: {links} network interface(s)"),
    (0.065, "EXT4-fs (vda1): mounted filesystem with ordered data mode"),
    (0.090, "systemd[1]: Hostname set to <{name}>."),
    (0.137, "systemd[1]: Reached target multi-user.target - Multi-User System."),
)
_DATE = "%a, %d %b %Y %H:%M:%S +0000"
_SHUTDOWN = (
    "systemd[1]: Stopped target multi-user.target - Multi-User System.",
    "systemd-shutdown[1]: All filesystems unmounted.",
    "reboot: Power down",
)
_CRASH = (
    "BUG: unable to handle page fault for address: 0000000000000018",
    "Kernel panic - not syncing: Fatal exception in interrupt",
    "---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---",
)


def render(guest) -> str:
    """Return all that the console shows.

    :param guest: a guests.StoredGuest
    """
    lines = []
    booted_at = guest.created_at
    for at, event in guest.history:
        if event == "booted":
            booted_at = at
            lines += _boot_lines(guest, at)
        else:
            ending = _CRASH if event == "crashed" else _SHUTDOWN
            lines += [_kernel_line(at - booted_at, text) for text in ending]
    return "".join(f"{line}\n" for line in lines)


def last_lines(text: str, count: int | None) -> str:
    """Return the last ``count`` lines; None or a negative number means all."""
    if count is None or count < 0:
        return text
    lines = text.splitlines(keepends=True)
    return "".join(lines[max(len(lines) - count, 0) :])


def _boot_lines(guest, at):
    name = guest.name or guest.uuid
    links = json.loads(guest.network_info)
    facts = {
        "name": name,
        "vcpus": guest.vcpus,
        "memory_kb": guest.memory_mb * 1024,
        "disk_gb": guest.disk_gb,
        "links": len(links),
    }
    return [
        f"SeaBIOS (minova) Machine UUID {guest.uuid}",
        "Booting from Hard Disk...",
        *(_kernel_line(offset, text.format(**facts)) for offset, text in _BOOT),
        *(_link_line(index, link) for index, link in enumerate(links)),
        f"cloud-init: finished at {time.strftime(_DATE, time.gmtime(at))}. Up 0.15 seconds",
        "",
        f"Debian GNU/Linux 12 {name} ttyS0",
        "",
        f"{name} login: ",
    ]


def _link_line(index, link):
    return f"cloud-init: eth{index} up {link.get('address') or ''}".rstrip()


def _kernel_line(uptime_seconds, text):
    return f"[{uptime_seconds:12.6f}] {text}"
