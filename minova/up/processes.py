# SPDX-License-Identifier: Apache-2.0
"""Reads the machine's process table: from /proc where there is one, else by `ps`."""

import glob
import os
import subprocess


def alive(pid):
    """Whether a process with this id exists; a zombie does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def command_line(pid):
    """The command line as one string, or "" when there is no such process."""
    if not os.path.isdir("/proc/self"):
        return _ps(pid, "command=")
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as arguments:
            return arguments.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def group_rss_bytes(group):
    """(processes, resident bytes) of a process group: a service with its forked workers."""
    sizes = _group_sizes_in_proc(group) if os.path.isdir("/proc/self") else _group_sizes_by_ps(group)
    return len(sizes), sum(sizes)


def group_exists(group):
    """Whether a process of this group lives."""
    return group_rss_bytes(group)[0] > 0


def is_paused(pid):
    """Whether SIGSTOP holds it: it lives, but nothing in it runs."""
    return _state(pid) == "T"


def _is_zombie(pid):
    return _state(pid) == "Z"


def _state(pid):
    """One letter, such as R, S, T or Z; "" when there is no such process."""
    stat = _stat(pid) if os.path.isdir("/proc/self") else None
    return stat[0] if stat else _ps(pid, "state=")[:1]


def _stat(pid):
    """Fields of /proc/<pid>/stat from the state on, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as line:
            # The second field is the name in brackets, which may itself hold spaces and brackets.
            return line.read().rpartition(")")[2].split()
    except OSError:
        return None


def _group_sizes_in_proc(group):
    sizes = []
    for directory in glob.iglob("/proc/[0-9]*"):
        stat = _stat(directory[len("/proc/") :])
        # State, parent, process group; the resident size is counted in pages.
        if stat and stat[0] != "Z" and int(stat[2]) == group:
            sizes.append(int(stat[21]) * os.sysconf("SC_PAGE_SIZE"))
    return sizes


def _group_sizes_by_ps(group):
    table = subprocess.run(["ps", "-axo", "pgid=,state=,rss="], capture_output=True, text=True, check=False)
    rows = [row.split() for row in table.stdout.splitlines()]
    return [int(rss) * 1024 for pgid, state, rss in rows if int(pgid) == group and not state.startswith("Z")]


def _ps(pid, column):
    found = subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()
