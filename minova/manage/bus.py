# SPDX-License-Identifier: Apache-2.0
"""The bus for one command: known to be reachable, where a service would wait for ever."""

import contextlib
import socket

import oslo_messaging as messaging

import minova.conf
from minova import exception, rpc

CONF = minova.conf.CONF
_CONNECT_SECONDS = 3
_DEFAULT_PORT = 5672


@contextlib.contextmanager
def opened():
    """:raises InvalidOption: when no broker of transport_url can be reached."""
    rpc.set_defaults(CONF)
    _check_reachable()
    bus = rpc.Bus("minova-manage", CONF.host)
    try:
        yield bus
    finally:
        bus.cleanup()


def _check_reachable():
    try:
        url = messaging.TransportURL.parse(CONF)
    except messaging.InvalidTransportURL as error:
        raise exception.InvalidOption(reason=str(error)) from error
    if not url.hosts:
        return
    failures = [failure for host in url.hosts if (failure := _failure(host))]
    if len(failures) == len(url.hosts):
        raise exception.InvalidOption(reason=f"No broker answers: {'; '.join(failures)}.")


def _failure(host):
    address = (host.hostname, host.port or _DEFAULT_PORT)
    try:
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return f"{address[0]}:{address[1]}: {error.strerror or error}"
    return None
