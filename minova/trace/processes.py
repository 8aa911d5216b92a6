# SPDX-License-Identifier: Apache-2.0
"""Finds out which process took a message: the broker names only connections, and a topic's queue has many consumers.

A request names its sender, so the connection that published it is that process's. A process answers calls on a
connection on which it also sends requests; so the connection that had been given the call is the same process's.
"""

import collections

from minova.trace.lanes import short

# Connections of late; a process has a few, and makes new ones when the broker was away.
_REMEMBERED = 10_000


class Processes:
    def __init__(self):
        self._publishers = collections.OrderedDict()
        self._consumers = collections.OrderedDict()
        # By _msg_id: the connection that was given a call.
        self._takers = collections.OrderedDict()

    def sent(self, message, connection):
        """A request was published on this connection."""
        if message.sender:
            _remember(self._publishers, connection, message.sender)

    def answered(self, reply, connection):
        """A reply, whose sender is so far the topic of its call, was published on this connection."""
        process = self._publishers.get(connection, "")
        if reply.sender and short(process) == reply.sender:
            reply.sender = process
            if taker := self._takers.pop(reply.msg_id, None):
                _remember(self._consumers, taker, process)

    def took(self, message, connection):
        """The process that was given a message on this connection; "" while that is not known."""
        if message.msg_id:
            _remember(self._takers, message.msg_id, connection)
        return self._consumers.get(connection, "")


def _remember(things, key, thing):
    things[key] = thing
    if len(things) > _REMEMBERED:
        things.popitem(last=False)
