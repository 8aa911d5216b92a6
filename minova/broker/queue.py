# SPDX-License-Identifier: Apache-2.0
"""Queues: messages in order, consumers in turn, and the times after which either goes away."""

import asyncio
import collections
import itertools

from minova.broker import errors, stats


class Entry:
    """A message's place in one queue."""

    __slots__ = ("expires_at", "message", "position", "redelivered")

    def __init__(self, message, position, expires_at):
        self.message = message
        self.position = position
        self.expires_at = expires_at  # in the event loop's time; None: never
        self.redelivered = False


class Queue:
    """A classic queue in memory."""

    def __init__(
        self,
        name,
        vhost_name,
        *,
        durable=False,
        auto_delete=False,
        owner=None,
        arguments=None,
        on_unused=None,
    ):
        self.name = name
        self.vhost_name = vhost_name
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner  # the connection that alone may use it; None: anyone
        self.arguments = arguments or {}
        self.bound_to = set()  # exchanges that have, or had, a binding to this queue
        self.consumers = {}  # (channel, tag): Consumer
        self.stats = stats.QueueStats()
        self.unacked_count = 0  # messages delivered and not acknowledged
        self._on_unused = on_unused
        self._time_to_live = _seconds(self.arguments.get("x-message-ttl"))
        self._idle_limit = _seconds(self.arguments.get("x-expires"))
        self._entries = collections.deque()
        self._ready = collections.deque()  # consumers in turn, less those that are parked
        self._positions = itertools.count()
        self._loop = asyncio.get_running_loop()
        self._expiry_timer = None
        self._idle_timer = None
        self._closed = False
        self.touch()

    def __len__(self):
        return len(self._entries)

    def close(self):
        """Let go of everything: the queue has been deleted."""
        self._closed = True
        self._entries.clear()
        self._ready.clear()
        self.consumers.clear()
        for timer in (self._expiry_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()

    def touch(self):
        """Start the time of x-expires anew: somebody uses the queue."""
        if self._idle_limit is None:
            return
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = self._loop.call_later(self._idle_limit, self._idle_limit_reached)

    def put(self, message, expiration_seconds=None):
        self.stats.publish += 1
        entry = Entry(message, next(self._positions), self._expires_at(expiration_seconds))
        if not self._entries:
            consumer = self._next_consumer()
            if consumer is not None:
                consumer.channel.deliver(consumer, entry)
                return
        self._entries.append(entry)
        self._drain()

    def get(self):
        """Take the first entry, or None (Basic.Get)."""
        self.touch()
        self._drop_expired()
        entry = self._entries.popleft() if self._entries else None
        self._drop_expired()
        return entry

    def requeue(self, entries):
        """Put delivered entries back to where they were."""
        if self._closed:
            return
        for entry in sorted(entries, key=lambda entry: entry.position, reverse=True):
            entry.redelivered = True
            self._put_back(entry)
        self._drain()

    def purge(self):
        """Drop what waits; return how many messages that were."""
        count = len(self._entries)
        self._entries.clear()
        return count

    def add_consumer(self, consumer):
        """Register a consumer; `start_consumer` follows once the client knows of it.

        :raises errors.ChannelException: 403 when a consumer has, or wants, the queue for itself
        """
        if self.consumers and (consumer.exclusive or next(iter(self.consumers.values())).exclusive):
            raise errors.access_refused(f"{self.describe()} in exclusive use")
        self.consumers[consumer.channel, consumer.tag] = consumer
        self._ready.append(consumer)

    def start_consumer(self):
        """Deliver what waits, once the consumer has been told that it exists."""
        self._drain()

    def remove_consumer(self, consumer):
        del self.consumers[consumer.channel, consumer.tag]
        if not consumer.parked:
            self._ready.remove(consumer)
        if self.consumers:
            return
        self.touch()
        if self.auto_delete:
            self._on_unused(self)

    def readmit(self, consumer):
        """Give a parked consumer its turn again."""
        consumer.parked = False
        if (consumer.channel, consumer.tag) in self.consumers:
            self._ready.append(consumer)
            self._drain()

    def describe(self):
        return f"queue '{self.name}' in vhost '{self.vhost_name}'"

    def _drain(self):
        self._drop_expired()
        while self._entries:
            consumer = self._next_consumer()
            if consumer is None:
                break
            consumer.channel.deliver(consumer, self._entries.popleft())
            self._drop_expired()

    def _next_consumer(self):
        ready = self._ready
        while ready:
            consumer = ready[0]
            if consumer.can_take():
                ready.rotate(-1)
                return consumer
            consumer.parked = True
            ready.popleft()
        return None

    def _put_back(self, entry):
        if not self._entries or entry.position < self._entries[0].position:
            self._entries.appendleft(entry)
            return
        index = next(
            (n for n, other in enumerate(self._entries) if other.position > entry.position),
            len(self._entries),
        )
        self._entries.insert(index, entry)

    def _expires_at(self, expiration_seconds):
        limits = [limit for limit in (expiration_seconds, self._time_to_live) if limit is not None]
        return self._loop.time() + min(limits) if limits else None

    def _drop_expired(self):
        """Drop expired entries from the front: as on RabbitMQ, one behind a longer-lived one waits for it."""
        entries = self._entries
        while entries and entries[0].expires_at is not None:
            if entries[0].expires_at > self._loop.time():
                self._await_expiry(entries[0].expires_at)
                return
            entries.popleft()

    def _await_expiry(self, when):
        if self._expiry_timer is not None:
            if self._expiry_timer.when() <= when:
                return
            self._expiry_timer.cancel()
        self._expiry_timer = self._loop.call_at(when, self._expiry_due)

    def _expiry_due(self):
        self._expiry_timer = None
        self._drop_expired()

    def _idle_limit_reached(self):
        if not self.consumers:
            self._on_unused(self)


def _seconds(milliseconds):
    return None if milliseconds is None else milliseconds / 1000
