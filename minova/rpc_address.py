# SPDX-License-Identifier: Apache-2.0
"""Where the broker is, and whether anything listens there."""

import socket

import oslo_messaging as messaging

import minova.conf

CONF = minova.conf.CONF
_CONNECT_SECONDS = 3
_DEFAULT_PORT = 5672


def why_unreachable():
    """Of each host of transport_url what is wrong, as one sentence; None when one of them can be reached.

    :raises oslo_messaging.InvalidTransportURL:
    """
    hosts = messaging.TransportURL.parse(CONF).hosts
    failures = []
    for host in hosts:
        failure = _failure(host)
        if failure is None:
            return None
        failures.append(failure)
    return "; ".join(failures) or None


def _failure(host):
    address = (host.hostname, host.port or _DEFAULT_PORT)
    try:
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return f"{address[0]}:{address[1]}: {error.strerror or error}"
    return None
