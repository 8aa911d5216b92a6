# SPDX-License-Identifier: Apache-2.0
"""What is known of a message: its envelope, and what earlier messages told of calls and servers.

A reply names neither method nor server, only the id of its call; most messages name a server by its uuid alone.
"""

import collections
import typing

from minova.broker.debugger import envelope
from minova.broker.debugger.envelope import Envelope

_MOST_REMEMBERED = 10_000  # calls, and as many servers: the oldest are forgotten


class Reading(typing.NamedTuple):
    """One message; all but its address is empty when it is not an RPC message."""

    exchange: str
    routing_keys: tuple
    envelope: Envelope | None = None
    hosts: tuple = ()  # where it is from and where it goes, as far as it tells
    server_names: tuple = ()  # of the envelope's servers, as far as they are known

    @property
    def server_words(self):
        """The uuids and names by which a server of this message may be asked for."""
        return (*self.envelope.servers, *self.server_names) if self.envelope else ()


class Reader:
    """Reads a vhost's messages while there are rules; it knows nothing of what went by before."""

    def __init__(self):
        self._calls = collections.OrderedDict()  # msg_id: (Envelope, hosts)
        self._names = collections.OrderedDict()  # uuid: name

    def read(self, message):
        keys = tuple(message.routing_keys)
        found = envelope.read(message.body, message.exchange)
        if found is None:
            return Reading(message.exchange, keys)
        if found.kind in (envelope.REPLY, envelope.ALIVE):
            found, hosts = self._complete(found)
        else:
            hosts = _hosts(found, message)
            self._learn(found, hosts)
        names = tuple(self._names[uuid] for uuid in found.servers if uuid in self._names)
        return Reading(message.exchange, keys, found, hosts, names)

    def forget(self):
        self._calls.clear()
        self._names.clear()

    def _learn(self, found, hosts):
        for uuid, name in found.names:
            _remember(self._names, uuid, name)
        if found.kind == envelope.CALL:
            _remember(self._calls, found.msg_id, (found, hosts))

    def _complete(self, reply):
        call, hosts = self._calls.get(reply.msg_id, (None, ()))
        if call is None:
            return reply, ()
        return call._replace(kind=reply.kind, sender="", unique_id=reply.unique_id), hosts


def _hosts(found, message):
    _, _, sender = found.sender.partition("@")
    # A server's own queue is named <topic>.<host>.
    _, _, recipient = message.routing_key.partition(".")
    return tuple(host for host in (sender, recipient) if host)


def _remember(memory, key, value):
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _MOST_REMEMBERED:
        memory.popitem(last=False)
