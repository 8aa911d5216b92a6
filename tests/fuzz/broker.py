# SPDX-License-Identifier: Apache-2.0
"""A broker that is sent anything, and the look at it afterwards: only the one connection may have ended."""

import asyncio
import gc

from pamqp import commands

from minova.broker import frame
from minova.broker.server import Server, Settings
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, Client, Defects, header, marshal

_WITNESS_QUEUE = "witness"
_STREAMS_THAT_SHARE = 5  # what one declared the next find, till all is deleted


class Failure(AssertionError):
    """The broker did what it must never do."""


class FuzzedBroker:
    """A server without sockets, one client that behaves, and one after the other that does not.

    To be used within a running event loop.
    """

    def __init__(self):
        self._loop_errors = []
        self._streams_tried = 0
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: self._loop_errors.append(context)
        )
        self._server = Server(Settings())
        self._defects = Defects().__enter__()
        self._predeclared = set(self.vhost.exchanges)
        self._witness = Client(self._server)
        self._witness.send(HANDSHAKE + CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, _WITNESS_QUEUE)))
        self._first_state = self._state()

    @property
    def vhost(self):
        return self._server.vhosts["/"]

    async def try_stream(self, stream, piece_octets):
        """Have a client send the stream in pieces of that size, and leave.

        :raises Failure: when more than this client was touched
        """
        client = Client(self._server)
        for start in range(0, len(stream), piece_octets):
            if client.transport.is_closed:
                break
            client.send(stream[start : start + piece_octets])
        await asyncio.sleep(0)
        self._check_answers(client)
        client.close()
        await asyncio.sleep(0)
        self._streams_tried += 1
        if self._streams_tried % _STREAMS_THAT_SHARE == 0:
            self._delete_what_is_left()
        self._check_defects()
        if self._server.connections != {self._witness.connection}:
            raise Failure(f"connections are left: {self._server.connections}")

    def check_witness(self):
        """:raises Failure: when the client that behaves is not served"""
        body = b"still here"
        self._witness.transport.written = b""
        self._witness.send(
            marshal(1, commands.Basic.Publish(0, "", _WITNESS_QUEUE), header(len(body)))
            + frame.encode(frame.BODY, 1, body)
            + marshal(1, commands.Basic.Get(0, _WITNESS_QUEUE, no_ack=True))
        )
        answers = self._witness.answers()
        if not answers or answers[-1].name != "Basic.GetOk":
            raise Failure(f"the witness was answered {answers}")
        self._witness.transport.written = b""

    async def clean(self):
        """Delete what clients have left.

        :raises Failure: when the broker then has more than in the beginning
        """
        self._delete_what_is_left()
        await asyncio.sleep(0)
        gc.collect()
        state = self._state()
        grown = {
            what: (self._first_state[what], now)
            for what, now in state.items()
            if now != self._first_state[what]
        }
        if grown:
            raise Failure(f"left over (before, after): {grown}")

    def close(self):
        self._witness.close()
        self._defects.__exit__()
        asyncio.get_running_loop().set_exception_handler(None)

    def _delete_what_is_left(self):
        vhost = self.vhost
        for queue in list(vhost.queues.values()):
            if queue.name != _WITNESS_QUEUE:
                vhost.delete_queue(queue)
        self._witness.send(marshal(1, commands.Queue.Purge(0, _WITNESS_QUEUE)))
        for name in set(vhost.exchanges) - self._predeclared:
            vhost.delete_exchange(name)
        for source in vhost.exchanges.values():
            for destination in source.destinations:
                source.unbind_all(destination)
        vhost.firehose.refresh()

    def _check_answers(self, client):
        try:
            client.answers()
        except Exception as err:
            raise Failure(f"an answer cannot be decoded: {client.transport.written!r}") from err

    def _check_defects(self):
        if self._defects.records or self._loop_errors:
            raise Failure(f"unhandled: {self._defects.records or self._loop_errors}")

    def _state(self):
        vhost = self.vhost
        return {
            "queues": set(vhost.queues),
            "exchanges": set(vhost.exchanges),
            "bindings": sum(len(exchange.destinations) for exchange in vhost.exchanges.values()),
            "tasks": len(asyncio.all_tasks()),
            "octets": self._server.memory.message_octets,
            "counted queues": self._server.memory.queue_count,
        }
