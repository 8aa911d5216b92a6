# SPDX-License-Identifier: Apache-2.0
"""A channel: its consumers, and messages out (deliver, get, acknowledge).

Messages in are in publisher.py; the methods that shape exchanges and queues are in topology.py, the others in
basic.py, and all are reached through dispatch.py.
"""

import asyncio

from pamqp import commands

from minova.broker import dispatch, frame, method, stats
from minova.broker.consumer import Consumer
from minova.broker.deliveries import Deliveries
from minova.broker.publisher import Publisher


class Channel:
    """One channel of a connection; `handle_frame` is where its frames come in."""

    def __init__(self, connection, channel_id):
        self.connection = connection
        self.id = channel_id
        self.vhost = connection.vhost
        self.publisher = Publisher(self)
        self.consumers = {}  # tag: Consumer
        self.reply_consumer = None  # who gets direct replies; see reply_to.py
        self.consumer_prefetch = 0  # Basic.Qos: for consumers to come
        self.channel_prefetch = 0  # Basic.Qos with global: for all together
        self.last_queue_name = ""  # what an empty queue name in a method means
        self.confirms = False  # since Confirm.Select
        self.transaction = None  # since Tx.Select
        self.deliveries = Deliveries()
        self.is_closed = False
        self.stats = stats.ChannelStats()
        self.method_index = bytes(4)  # class and method id of what came last, for the reply to an error
        self.trace_fields = None  # what the firehose always says of it; see trace_headers.py
        self._delivery_tag = 0

    def handle_frame(self, kind, payload):
        """:raises errors.AMQPError: what the client did wrong"""
        if kind == frame.METHOD:
            self._handle_method(payload)
        elif kind == frame.HEADER:
            self.publisher.take_header(payload)
        else:
            self.publisher.take_body(payload)

    def check_between_messages(self):
        """:raises errors.ConnectionException: 505 when the content of a Basic.Publish should come first"""
        if self.publisher.is_busy:
            raise self.publisher.unexpected_frame()

    def send(self, reply):
        """Send a method of pamqp's."""
        self.connection.write(method.encode(self.id, reply))

    def write_when_safe(self, octets):
        """Send frames once all that has happened so far is on disk, if the broker is a durable one."""
        if self.vhost.store is None:
            self.connection.write(octets)
        else:
            self.vhost.store.after_commit(self._write_if_open, octets)

    def _write_if_open(self, octets):
        if not self.is_closed:
            self.connection.write(octets)

    def send_message(self, message, encoded_method):
        """Send a method that has content."""
        self.connection.write(encoded_method + message.content_frames(self.id, self.connection.frame_max))

    def release(self):
        """Give back what the channel holds: it is closing."""
        self.is_closed = True
        self.vhost.stats.add(self.stats)
        self.connection.server.churn.channel_closed += 1
        for consumer in list(self.consumers.values()):
            consumer.queue.remove_consumer(consumer)
        self.consumers.clear()
        self.publisher.release()
        if self.reply_consumer is not None:
            self.reply_consumer.close()
        if self.transaction is not None:
            self.deliveries.put_back(self.transaction.rollback())
        self.deliveries.settle(self.deliveries.take_all(), "requeue")

    # Consumers

    def add_consumer(self, tag, queue, no_ack=False, exclusive=False, arguments=None):
        consumer = Consumer(tag, self, queue, no_ack, exclusive, self.consumer_prefetch, arguments)
        queue.add_consumer(consumer)
        self.consumers[tag] = consumer

    def remove_consumer(self, tag):
        consumer = self.consumers.pop(tag, None)
        if consumer is not None:
            consumer.queue.remove_consumer(consumer)

    def consumer_lost(self, consumer):
        """The queue of a consumer has been deleted."""
        if self.consumers.pop(consumer.tag, None) and self.connection.wants_cancel_notify:
            # In the next turn: who deleted the queue gets the answer first, as from RabbitMQ. py-amqp relies on it.
            asyncio.get_running_loop().call_soon(self._notify_of_cancel, consumer.tag)

    def _notify_of_cancel(self, tag):
        if not self.is_closed:
            self.send(commands.Basic.Cancel(tag, True))

    def unpark_consumers(self):
        for consumer in list(self.consumers.values()):
            consumer.unpark()

    def has_room(self):
        """Whether the channel's own prefetch limit, if it has one, allows one more delivery."""
        return not self.channel_prefetch or self.deliveries.consumed_count < self.channel_prefetch

    # Messages to the client

    @property
    def unacked_count(self):
        """How many deliveries are not acknowledged."""
        return len(self.deliveries)

    @property
    def next_delivery_tag(self):
        return self._delivery_tag + 1

    def deliver(self, consumer, entry):
        self._delivery_tag = tag = self._delivery_tag + 1
        queue = consumer.queue
        if not consumer.no_ack:
            self.deliveries.add(tag, entry, queue, consumer)
        self.stats.delivered(consumer.no_ack, entry.redelivered)
        queue.stats.delivered(consumer.no_ack, entry.redelivered)
        message = entry.message
        self.send_message(
            message,
            method.encode_deliver(self.id, consumer.deliver_prefix, tag, entry.redelivered, message.address),
        )
        if self.vhost.firehose.is_on:
            self.vhost.firehose.delivered(message, queue, entry.redelivered, self)

    def deliver_copies(self, consumer, copies):
        """Send copies of the firehose, whose deliveries are not copied again, to who does not acknowledge."""
        for tag, copy in enumerate(copies, self.next_delivery_tag):
            encoded = method.encode_deliver(self.id, consumer.deliver_prefix, tag, False, copy.address)
            self.send_message(copy, encoded)
        self._delivery_tag += len(copies)
        self.stats.deliver_no_ack += len(copies)
        consumer.queue.stats.deliver_no_ack += len(copies)

    def get(self, queue, no_ack):
        """Answer Basic.Get."""
        entry = queue.get(no_ack)
        if entry is None:
            self.stats.get_empty += 1
            queue.stats.get_empty += 1
            self.send(commands.Basic.GetEmpty())
            return
        self.stats.got(no_ack, entry.redelivered)
        queue.stats.got(no_ack, entry.redelivered)
        self._delivery_tag = tag = self._delivery_tag + 1
        if not no_ack:
            self.deliveries.add(tag, entry, queue, None)
        message = entry.message
        self.send_message(
            message, method.encode_get_ok(self.id, tag, entry.redelivered, message.address, len(queue))
        )
        if self.vhost.firehose.is_on:
            self.vhost.firehose.delivered(message, queue, entry.redelivered, self)

    def take_answer(self, delivery_tag, multiple, outcome):
        """Settle deliveries, now or with the transaction: 'acknowledge', 'reject' or 'requeue'.

        :raises errors.ChannelException: 406 for an unknown delivery tag
        """
        taken = self.deliveries.take(delivery_tag, multiple)
        if self.transaction is not None:
            self.transaction.settle(taken, outcome)
        else:
            self.settle(taken, outcome)

    def settle(self, taken, outcome):
        """Have deliveries settled that were taken off the list of those that are not acknowledged."""
        if outcome == "acknowledge":
            self.stats.ack += len(taken)
        self.deliveries.settle(taken, outcome)
        if self.channel_prefetch:
            self.unpark_consumers()
            return
        for delivery in taken:
            if delivery.consumer is not None and delivery.consumer.parked:
                delivery.consumer.unpark()

    # Methods from the client

    def _handle_method(self, payload):
        self.check_between_messages()
        self.method_index = index = payload[:4]
        if index == method.BASIC_PUBLISH:
            self.publisher.begin(payload)
        elif index == method.BASIC_ACK:
            self.take_answer(*method.decode_ack(payload), "acknowledge")
        else:
            dispatch.call(self, method.decode_method(payload))
