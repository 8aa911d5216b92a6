# SPDX-License-Identifier: Apache-2.0
"""The bus for one command: known to be reachable, where a service would wait for ever."""

import contextlib

import oslo_messaging as messaging

import minova.conf
from minova import exception, rpc, rpc_address

CONF = minova.conf.CONF


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
        why = rpc_address.why_unreachable()
    except messaging.InvalidTransportURL as error:
        raise exception.InvalidOption(reason=str(error)) from error
    if why:
        raise exception.InvalidOption(reason=f"No broker answers: {why}.")
