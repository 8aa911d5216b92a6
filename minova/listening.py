# SPDX-License-Identifier: Apache-2.0
"""Listening sockets of the processes that serve HTTP."""

import ipaddress
import socket

import minova.conf
from minova import exception

CONF = minova.conf.CONF


def bind(group, name, why_loopback, backlog):
    """The TCP socket at the address that options ``listen`` and ``port`` of an option group say.

    :param name: of what listens, for the errors, as "The API".
    :param why_loopback: what speaks against other addresses while ``allow_remote`` is not set.
    :raises InvalidOption: when it may not or cannot be had.
    """
    options = CONF[group]
    host, port = options.listen, options.port
    if not (options.allow_remote or _is_loopback(host)):
        raise exception.InvalidOption(
            reason=f"{name} listens on loopback only, not on {host}, since it {why_loopback}: set [{group}] "
            "allow_remote to have it otherwise."
        )
    try:
        return _listen(host, port, backlog)
    except OSError as err:
        reason = (
            f"{name} cannot listen on {host} port {port}: {err.strerror}. Set [{group}] port to a free one."
        )
        raise exception.InvalidOption(reason=reason) from err


def _is_loopback(host):
    """Whether an address or name reaches this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host, port, backlog):
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
