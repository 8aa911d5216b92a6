# SPDX-License-Identifier: Apache-2.0
"""Brings each reply together with its call: a reply on the wire names neither its sender nor the method."""

import collections

from minova.trace.message import CALL, REPLY

# Calls that are remembered; the reply of one that is older is shown without its method.
REMEMBERED_CALLS = 10_000


class Conversations:
    """Remembers the calls that may still be answered."""

    def __init__(self):
        self._calls = collections.OrderedDict()

    def follow(self, message):
        """Complete a reply from its call; any other message stays as it is."""
        if message.kind == CALL:
            self._remember(message)
        elif message.kind == REPLY and message.msg_id in self._calls:
            self._complete(message, self._calls[message.msg_id])

    def _remember(self, call):
        self._calls[call.msg_id] = call
        if len(self._calls) > REMEMBERED_CALLS:
            self._calls.popitem(last=False)

    def _complete(self, reply, call):
        reply.method, reply.namespace, reply.version = call.method, call.namespace, call.version
        reply.request_id = call.request_id
        # Who answers is known only by the queue that took the call; `recipient` is the caller.
        reply.sender = call.routing_key
        reply.recipient = call.sender
        reply.instances = tuple(dict.fromkeys(call.instances + reply.instances))
        if reply.ending:
            del self._calls[reply.msg_id]
