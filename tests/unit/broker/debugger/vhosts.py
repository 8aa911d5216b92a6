# SPDX-License-Identifier: Apache-2.0
"""A vhost with a queue, without connections, for tests of what rules do to messages in it."""

import asyncio
import functools
import types

from minova.broker.consumer import Consumer
from minova.broker.memory import Memory
from minova.broker.server import Settings
from minova.broker.vhost import Vhost
from tests.unit.broker.debugger.bodies import body, message

WAIT_SECONDS = 60


def in_loop(test):
    """Run a test that is a coroutine function: queues keep time by the running event loop."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


async def until(condition):
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


class FakeChannel:
    """Writes down the routing keys of what it delivers, and has room as told."""

    def __init__(self):
        self.connection = types.SimpleNamespace(writable=True)
        self.sent = []
        self.room = True

    def has_room(self):
        return self.room

    def deliver(self, consumer, entry):
        self.sent.append(entry.message.routing_key)
        self.last_entry = entry


class Bench:
    """A vhost with one queue, into which all goes that is put."""

    def __init__(self, **arguments):
        self.memory = Memory(2**30)
        self.vhost = Vhost("/", Settings(), self.memory)
        self.holds = self.vhost.holds
        self.queue = self.declare("q", **arguments)
        self.channel = FakeChannel()

    def declare(self, name, **arguments):
        """Declare a queue; `x_message_ttl` is the argument x-message-ttl."""
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        owner = types.SimpleNamespace(owned_queues=set())
        flags = {"durable": False, "exclusive": False, "auto_delete": False}
        return self.vhost.declare_queue(name, owner, arguments=arguments, **flags)

    def put(self, *keys, **properties):
        """Put a message for each routing key; return whether the last was accepted."""
        for key in keys:
            accepted = self.vhost.put(message(body(method=key), key, **properties), [self.queue])
        return accepted

    def consume(self, tag="c", no_ack=True):
        consumer = Consumer(tag, self.channel, self.queue, no_ack)
        self.queue.add_consumer(consumer)
        self.queue.start_consumer()
        return consumer

    def get_all(self):
        keys = []
        while (entry := self.queue.get(no_ack=True)) is not None:
            keys.append(entry.message.routing_key)
        return keys

    @property
    def held(self):
        """Routing keys of what is held, oldest first."""
        return [one.entry.message.routing_key for one in self.holds.held.values()]

    def check_empty(self):
        """Nothing waits, and nothing is counted that does not exist."""
        assert (len(self.queue), self.queue.ready_bytes, self.queue.message_bytes) == (0, 0, 0)
        assert self.held == []
