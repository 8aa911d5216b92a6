# SPDX-License-Identifier: Apache-2.0
"""Who said a message and to whom: a lane of a drawing is a process, or a topic whose process is not known."""

from minova.trace.message import FANOUT, REPLY

# The order in which a boot goes through them; hosts and strangers come behind.
_ORDER = ("api", "conductor", "scheduler", "network")


def short(name):
    """`api` of minova-api@host; a compute keeps its host, of which there are many: `compute.host1`."""
    binary, _, host = name.partition("@")
    service = binary.removeprefix("minova-")
    return f"{service}.{host}" if service == "compute" and host else service or "?"


def ends(message):
    """(from, to): the lanes of a message."""
    if message.kind == REPLY:
        return short(message.sender), short(message.recipient)
    if message.kind == FANOUT:
        return short(message.sender), message.exchange.removesuffix("_fanout")
    return short(message.sender), message.routing_key or "?"


def of(messages):
    """The lanes of some messages, from left to right."""
    names = dict.fromkeys(name for message in messages for name in ends(message))
    return sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
