# SPDX-License-Identifier: Apache-2.0
"""Whether a TCP port can be listened on, and if not, which process has it."""

import contextlib
import errno
import glob
import os
import random
import shutil
import socket
import subprocess

from minova.up import errors, processes

# Where free ports are looked for first, above what well-known services have.
_LOWEST = 20000
_TRIES = 50
_HELD = 100


def check_free(wanted):
    """:param wanted: (address, port, option by which to choose another) of each port.
    :raises errors.UpError: with a sentence for each port that is taken.
    """
    troubles = [trouble for trouble in (_trouble(*port) for port in wanted) if trouble]
    if troubles:
        raise errors.UpError("\n".join(troubles))


class FreePorts:
    """Finds ports that are free, and holds the last ones until it is closed against others who look for some.

    A service listens on its port seconds later; until then nothing else says that it is taken. What holds a port is a
    UDP socket, which is in nobody's way.
    """

    def __init__(self):
        self._holders = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._let_go(0)

    def find(self, listen, preferred=0):
        """A port that is free now: the preferred one if it can be had.

        Not one that the system gives to connections, where that can be found out: a client that tries to reach a
        service while it is away would else in the end be given that very port, and connect to itself.
        """
        below = range(_LOWEST, _first_ephemeral())
        for candidate in (preferred, *random.sample(below, min(_TRIES, len(below)))):
            with contextlib.suppress(OSError):
                if candidate:
                    return self._take(listen, candidate)
        return self._take(listen, 0)

    def _take(self, listen, port):
        with _bound(listen, port) as listener:
            port = listener.getsockname()[1]
            self._holders.append(_bound(listen, port, socket.SOCK_DGRAM))
        self._let_go(_HELD)
        return port

    def _let_go(self, most):
        while len(self._holders) > most:
            self._holders.pop(0).close()


def owner(port):
    """Process id of the listener on `port`, or None when it cannot be found out."""
    if os.path.isdir("/proc/net"):
        return _owner_in_proc(port)
    return _owner_by_lsof(port)


def check_answers(addresses):
    """:raises errors.UpError: when none of the brokers at [(host, port)] accepts a connection."""
    reasons = []
    for host, port in addresses:
        try:
            socket.create_connection((host, port), timeout=3).close()
            return
        except OSError as err:
            reasons.append(f"{host}:{port} ({err.strerror or err})")
    raise errors.UpError(
        f"No broker answers at {', '.join(reasons)}. Start it, correct --transport-url, "
        "or leave that out to use the embedded broker."
    )


def _first_ephemeral():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
            return int(text.read().split()[0])
    except OSError:
        return _LOWEST


def _trouble(listen, port, option):
    try:
        _bound(listen, port).close()
    except OSError as err:
        if err.errno == errno.EADDRINUSE:
            return _taken(listen, port, option)
        return f"Port {port} on {listen} cannot be listened on: {err.strerror}. Choose another with {option}."
    return None


def _bound(listen, port, kind=socket.SOCK_STREAM):
    """A socket that has the port, and listens if it is one of TCP."""
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            # As the servers do: a connection that lingers in TIME_WAIT does not make the port taken.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listen, port))
        if kind == socket.SOCK_STREAM:
            bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


def _taken(listen, port, option):
    pid = owner(port)
    by = f" by pid {pid} ({processes.command_line(pid)[:100]})" if pid else ""
    return f"Port {port} on {listen} is in use{by}. Stop that, or choose another port with {option}."


def _owner_in_proc(port):
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(link) in inodes:
                return int(link.split("/")[2])
        except OSError:
            continue
    return None


def _listening_inodes(port):
    """Inodes of the sockets that listen on `port`, from the kernel's tables."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as rows:
                fields = [row.split() for row in list(rows)[1:]]
        except OSError:
            continue
        # Field 1 is address:port in hexadecimal, 3 the state (0A: LISTEN), 9 the inode.
        yield from (row[9] for row in fields if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port)


def _owner_by_lsof(port):
    if not shutil.which("lsof"):
        return None
    found = subprocess.run(
        ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"], capture_output=True, text=True, check=False
    )
    return int(found.stdout.split()[0]) if found.stdout.split() else None
