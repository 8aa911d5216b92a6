# SPDX-License-Identifier: Apache-2.0
"""Queues: messages in order, consumers in turn, and the times after which either goes away."""

import asyncio

from minova.broker import backlog, dead_letter, errors, queue_arguments, stats
from minova.broker.backlog import Entry
from minova.broker.turns import SingleActiveConsumer, Turns

_NOTHING = ()  # in place of a backlog: most queues are empty, and there may be a million


class Queue:
    """A classic queue in memory.

    `put` is where a message enters, `_leave` where one leaves for good; between the two it is in the backlog, or
    with a consumer that has not acknowledged it.
    """

    __slots__ = (
        "__weakref__",
        "_backlog",
        "_closed",
        "_expiry_timer",
        "_held",
        "_idle_timer",
        "_next_position",
        "_store",
        "_store_id",
        "_turns",
        "_used_at",
        "arguments",
        "auto_delete",
        "bound_to",
        "consumers",
        "durable",
        "features",
        "message_bytes",
        "name",
        "owner",
        "stats",
        "unacked_count",
        "vhost",
    )

    def __init__(
        self, name, vhost, *, durable=False, auto_delete=False, owner=None, arguments=None, store=None
    ):
        self.name = name
        self.vhost = vhost
        self.durable = durable
        self.auto_delete = auto_delete
        self.owner = owner  # the connection that alone may use it; None: anyone
        self.arguments = arguments or {}
        self.features = queue_arguments.read(self.arguments)
        self.bound_to = {}  # exchanges that have, or had, a binding to this queue; see vhost.py
        self.consumers = {}  # (channel, tag): Consumer
        self.stats = stats.QueueStats()
        self.unacked_count = 0  # messages delivered and not acknowledged
        self.message_bytes = 0  # of all bodies, waiting or not acknowledged
        self._backlog = _NOTHING
        self._held = _NOTHING  # what waits, but is not for consumers; see debugger/
        self._turns = SingleActiveConsumer() if self.features.single_active_consumer else Turns()
        self._next_position = 0
        self._expiry_timer = None
        self._idle_timer = None
        self._used_at = 0.0
        self._closed = False
        self._store = store  # None: the queue is in memory alone
        self._store_id = None
        self.touch()

    @property
    def vhost_name(self):
        return self.vhost.name

    def __len__(self):
        """How many messages wait."""
        return len(self._backlog) + len(self._held)

    @property
    def ready_bytes(self):
        """How large the bodies are that wait."""
        return sum(waiting.bytes for waiting in (self._backlog, self._held) if waiting)

    @property
    def single_active_consumer(self):
        """The one consumer that gets messages; None where all do, or there is none."""
        return getattr(self._turns, "active", None)

    def close(self):
        """Let go of everything: the queue has been deleted."""
        self._closed = True
        self.purge()
        if self._store is not None:
            self._store.queue_deleted(self, self._store_id)
        self.consumers.clear()
        for timer in (self._expiry_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()

    def touch(self):
        """Start the time of x-expires anew: somebody uses the queue."""
        if self.features.idle_seconds is None:
            return
        loop = asyncio.get_running_loop()
        self._used_at = loop.time()
        if self._idle_timer is None:
            self._idle_timer = loop.call_later(self.features.idle_seconds, self._idle_time_over)

    # What a durable broker keeps on disk

    def keep(self, store_id=None):
        """Have the store keep the queue, unless it has it under that id already."""
        if self._store is not None:
            self._store_id = self._store.queue_declared(self) if store_id is None else store_id

    def restore(self, message, position, stored_id, delivered, expires_at):
        """Put a message back that the store has kept; in the order of positions."""
        entry = Entry(message, position, expires_at)
        entry.stored_id = stored_id
        entry.redelivered = delivered
        self._next_position = position + 1
        self.message_bytes += len(message.body)
        self._wait(entry)

    # Messages in

    def put(self, message, chosen=None):
        """Take a message; return False if the queue is full and refuses it.

        :param chosen: by what it is to be held (debugger/holds.py); None: it is for consumers
        """
        if self.features.is_bounded and self._refuses(message):
            return False
        self.stats.publish += 1
        self.message_bytes += len(message.body)
        entry = Entry(message, self._next_position, self._expires_at(message))
        self._next_position += 1
        if self._store is not None and message.properties.is_persistent:
            entry.stored_id = self._store.add(self._store_id, entry)
        if chosen is not None:
            self._hold(entry, chosen)
        elif not self._backlog and (consumer := self._turns.next()) is not None:
            self._deliver(consumer, entry)
            return True
        else:
            self._wait(entry)
        self._drop_head()
        self._drop_expired()
        return True

    def put_copies(self, copies):
        """Take copies of the firehose, which are neither persistent nor held.

        They are many, so whoever keeps up gets them past what is kept of a message that waits.
        """
        reader = self._only_reader()
        if reader is not None:
            self.stats.publish += len(copies)
            reader.channel.deliver_copies(reader, copies)
            return
        for copy in copies:
            copy.charge(self.vhost.memory, 1)
            self.put(copy)

    def requeue(self, entries):
        """Put delivered entries back to where they were."""
        if self._closed:
            return
        self.unacked_count -= len(entries)
        self._make_backlog()
        for entry in sorted(entries, key=lambda entry: entry.position, reverse=True):
            entry.redelivered = True
            self._backlog.put_back(entry)
        self._drop_head()
        self._drain()

    # Messages out

    def get(self, no_ack):
        """Take the first entry, or None (Basic.Get)."""
        self.touch()
        self._drop_expired()
        if not self._backlog:
            return None
        entry = self._take_first()
        self._hand_out(entry, no_ack)
        self._drop_expired()
        return entry

    def acknowledge(self, entries):
        """Delivered entries are done with."""
        self.stats.ack += len(entries)
        if self._closed:
            return
        self.unacked_count -= len(entries)
        for entry in entries:
            self._leave(entry)

    def reject(self, entries):
        """Delivered entries are not wanted: they die."""
        if self._closed:
            return
        self.unacked_count -= len(entries)
        for entry in entries:
            self._bury(entry, dead_letter.REJECTED)

    def purge(self):
        """Drop what waits; return how many messages that were."""
        count = len(self)
        while len(self):
            self._leave(self._take_head())
        return count

    # Messages held back (debugger/holds.py)

    def hold_waiting(self, choose):
        """Hold back what waits and is chosen; `choose` returns by what a message is to be held, or None."""
        found = [(entry, chosen) for entry in self._backlog if (chosen := choose(entry.message))]
        for entry, chosen in found:
            self._backlog.remove(entry)
            self._hold(entry, chosen)
        if not self._backlog:
            self._backlog = _NOTHING

    def release(self, entry):
        """Let a held entry be delivered, in its turn."""
        self._take_held(entry, "released")
        self._make_backlog()
        self._backlog.put_back(entry)
        self._drain()

    # Consumers

    def add_consumer(self, consumer):
        """Register a consumer; `start_consumer` follows once the client knows of it.

        :raises errors.ChannelException: 403 when a consumer has, or wants, the queue for itself
        """
        others = next(iter(self.consumers.values()), None)
        single = self.features.single_active_consumer
        if consumer.exclusive and (others or single) or others is not None and others.exclusive:
            raise errors.access_refused(f"{self.describe()} in exclusive use")
        self.consumers[consumer.channel, consumer.tag] = consumer
        self._turns.add(consumer)

    def start_consumer(self):
        """Deliver what waits, once the consumer has been told that it exists."""
        self._drain()

    def remove_consumer(self, consumer):
        del self.consumers[consumer.channel, consumer.tag]
        self._turns.remove(consumer)
        if not self.consumers:
            self.touch()
            if self.auto_delete:
                self.vhost.delete_queue(self)
                return
        if self.features.single_active_consumer:
            self._drain()  # to the next one

    def readmit(self, consumer):
        """Give a parked consumer its turn again."""
        consumer.parked = False
        if (consumer.channel, consumer.tag) in self.consumers:
            self._turns.readmit(consumer)
            self._drain()

    def describe(self):
        return f"queue '{self.name}' in vhost '{self.vhost.name}'"

    def _only_reader(self):
        """Return the consumer that gets all that comes, at once and without acknowledging it, or None."""
        may_refuse = self.features.overflow != queue_arguments.DROP_HEAD
        if may_refuse or self._backlog or len(self.consumers) != 1:
            return None
        consumer = self._turns.next()
        return consumer if consumer is not None and consumer.no_ack else None

    def _drain(self):
        self._drop_expired()
        while self._backlog:
            consumer = self._turns.next()
            if consumer is None:
                break
            self._deliver(consumer, self._take_first())
            self._drop_expired()

    def _deliver(self, consumer, entry):
        self._hand_out(entry, consumer.no_ack)
        consumer.channel.deliver(consumer, entry)

    def _hand_out(self, entry, no_ack):
        if no_ack:
            self._leave(entry)
        else:
            self.unacked_count += 1
            if entry.stored_id is not None and not entry.redelivered:
                self._store.delivered(entry.stored_id)

    # The backlog

    def _make_backlog(self):
        if not self._backlog:
            self._backlog = backlog.make(self.features.max_priority)

    def _wait(self, entry):
        self._make_backlog()
        self._backlog.append(entry)

    def _take_first(self):
        entry = self._backlog.popleft()
        if not self._backlog:
            self._backlog = _NOTHING
        return entry

    def _hold(self, entry, chosen):
        if not self._held:
            self._held = backlog.make(self.features.max_priority)
        self._held.put_back(entry)
        if entry.expires_at is not None:
            self._await_expiry(entry.expires_at)
        self.vhost.holds.took(self, entry, chosen)

    def _take_held(self, entry, what):
        self._held.remove(entry)
        if not self._held:
            self._held = _NOTHING
        self.vhost.holds.let_go(entry, what)

    def _take_head(self):
        """Take what stands first in the queue, held or not."""
        held = self._held.first if self._held else None
        if held is None or self._backlog and self._backlog.precedes(held):
            return self._take_first()
        self._take_held(held, "removed")
        return held

    def _leave(self, entry):
        self.message_bytes -= len(entry.message.body)
        if entry.stored_id is not None:
            self._store.remove(entry.stored_id)

    def _bury(self, entry, reason):
        self._leave(entry)
        self.vhost.dead_letters.send(entry.message, self, reason)

    # Limits of length

    def _refuses(self, message):
        overflow = self.features.overflow
        if overflow == queue_arguments.DROP_HEAD or not self._exceeds(1, len(message.body)):
            return False
        if overflow == queue_arguments.REJECT_PUBLISH_DLX:
            self.vhost.dead_letters.send(message, self, dead_letter.MAXLEN)
        return True

    def _drop_head(self):
        if not self.features.is_bounded or self.features.overflow != queue_arguments.DROP_HEAD:
            return
        while len(self) and self._exceeds():
            self._bury(self._take_head(), dead_letter.MAXLEN)

    def _exceeds(self, more_messages=0, more_bytes=0):
        features = self.features
        return (features.max_length is not None and len(self) + more_messages > features.max_length) or (
            features.max_bytes is not None and self.ready_bytes + more_bytes > features.max_bytes
        )

    # Time

    def _expires_at(self, message):
        own, limit = message.properties.expiration_seconds, self.features.time_to_live_seconds
        if own is None and limit is None:
            return None
        seconds = (
            min(own, limit) if own is not None and limit is not None else own if limit is None else limit
        )
        return asyncio.get_running_loop().time() + seconds

    def _drop_expired(self):
        """Drop expired entries from the front: as on RabbitMQ, one behind a longer-lived one waits for it."""
        while self._backlog:
            expires_at = self._backlog.first.expires_at
            if expires_at is None:
                return
            if expires_at > asyncio.get_running_loop().time():
                self._await_expiry(expires_at)
                return
            self._bury(self._take_first(), dead_letter.EXPIRED)

    def _await_expiry(self, when):
        if self._expiry_timer is not None:
            if self._expiry_timer.when() <= when:
                return
            self._expiry_timer.cancel()
        self._expiry_timer = asyncio.get_running_loop().call_at(when, self._expiry_due)

    def _expiry_due(self):
        self._expiry_timer = None
        self._drop_expired()
        self._drop_expired_held()

    def _drop_expired_held(self):
        """Drop held entries that have expired, wherever they stand: none of them waits for another."""
        for entry in [entry for entry in self._held if entry.expires_at is not None]:
            if entry.expires_at > asyncio.get_running_loop().time():
                self._await_expiry(entry.expires_at)
            else:
                self._take_held(entry, "expired")
                self._bury(entry, dead_letter.EXPIRED)

    def _idle_time_over(self):
        self._idle_timer = None
        if self.consumers:
            return  # the last of them to go starts the time anew
        rest_seconds = self._used_at + self.features.idle_seconds - asyncio.get_running_loop().time()
        if rest_seconds <= 0:
            self.vhost.delete_queue(self)
        else:
            self._idle_timer = asyncio.get_running_loop().call_later(rest_seconds, self._idle_time_over)
