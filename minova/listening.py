# SPDX-License-Identifier: Apache-2.0
"""Listening sockets of the processes that serve HTTP."""

import ipaddress
import socket


def is_loopback(host):
    """Whether an address or name reaches this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host, port, backlog):
    """A TCP socket that listens.

    :raises OSError: when the address cannot be had.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener
