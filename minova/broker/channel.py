# SPDX-License-Identifier: Apache-2.0
"""A channel: messages in (publish, confirm) and out (consume, deliver, acknowledge).

The methods that shape exchanges and queues are in topology.py; both are reached through dispatch.py.
"""

import asyncio

from pamqp import commands

from minova.broker import dispatch, errors, frame, method, permissions, stats
from minova.broker import message as messages
from minova.broker.consumer import Consumer

MAX_MESSAGE_SIZE_BYTES = 128 * 1024 * 1024  # RabbitMQ's default

_NO_ROUTE = 312


class Channel:
    """One channel of a connection; `handle_frame` is where its frames come in."""

    def __init__(self, connection, channel_id):
        self.connection = connection
        self.id = channel_id
        self.vhost = connection.vhost
        self.consumers = {}  # tag: Consumer
        self.consumer_prefetch = 0  # Basic.Qos: for consumers to come
        self.channel_prefetch = 0  # Basic.Qos with global: for all together
        self.last_queue_name = ""  # what an empty queue name in a method means
        self.confirms = False
        self.is_closed = False
        self.stats = stats.ChannelStats()
        self.method_index = bytes(4)  # class and method id of what came last, for the reply to an error
        self._published = 0
        self._delivery_tag = 0
        self._unacked = {}  # delivery tag: (entry, queue, consumer or None), in order of delivery
        self._publish = None  # arguments of the Basic.Publish whose content is coming
        self._header = None
        self._properties = None
        self._body_size = 0
        self._body_parts = []
        self._body_received = 0

    def handle_frame(self, kind, payload):
        """:raises errors.AMQPError: what the client did wrong"""
        if kind == frame.METHOD:
            self._handle_method(payload)
        elif kind == frame.HEADER:
            self._handle_header(payload)
        else:
            self._handle_body(payload)

    def check_between_messages(self):
        """:raises errors.ConnectionException: 505 when the content of a Basic.Publish should come first"""
        if self._publish is not None:
            raise self._unexpected()

    def send(self, reply):
        """Send a method of pamqp's."""
        self.connection.write(method.encode(self.id, reply))

    def release(self):
        """Give back what the channel holds: it is closing."""
        self.is_closed = True
        self.vhost.stats.add(self.stats)
        self.connection.server.churn.channel_closed += 1
        for consumer in list(self.consumers.values()):
            consumer.queue.remove_consumer(consumer)
        self.consumers.clear()
        self.requeue_unacked()

    # Consumers

    def add_consumer(self, tag, queue, no_ack, exclusive):
        consumer = Consumer(tag, self, queue, no_ack, exclusive, self.consumer_prefetch)
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

    @property
    def unacked_count(self):
        """How many deliveries are not acknowledged."""
        return len(self._unacked)

    def has_room(self):
        """Whether the channel's own prefetch limit, if it has one, allows one more delivery."""
        return not self.channel_prefetch or len(self._unacked) < self.channel_prefetch

    # Messages to the client

    def deliver(self, consumer, entry):
        self._delivery_tag = tag = self._delivery_tag + 1
        if not consumer.no_ack:
            consumer.unacked += 1
            self._unacked[tag] = (entry, consumer.queue, consumer)
            consumer.queue.unacked_count += 1
        self.stats.delivered(consumer.no_ack, entry.redelivered)
        consumer.queue.stats.delivered(consumer.no_ack, entry.redelivered)
        message = entry.message
        connection = self.connection
        connection.write(
            method.encode_deliver(self.id, consumer.deliver_prefix, tag, entry.redelivered, message.address)
            + message.content_frames(self.id, connection.frame_max)
        )
        if self.vhost.firehose.is_on:
            self.vhost.firehose.delivered(message, consumer.queue, entry.redelivered, self)

    def get(self, queue, no_ack):
        """Answer Basic.Get."""
        entry = queue.get()
        if entry is None:
            self.stats.get_empty += 1
            queue.stats.get_empty += 1
            self.send(commands.Basic.GetEmpty())
            return
        self.stats.got(no_ack, entry.redelivered)
        queue.stats.got(no_ack, entry.redelivered)
        self._delivery_tag = tag = self._delivery_tag + 1
        if not no_ack:
            self._unacked[tag] = (entry, queue, None)
            queue.unacked_count += 1
        message = entry.message
        self.connection.write(
            method.encode_get_ok(self.id, tag, entry.redelivered, message.address, len(queue))
            + message.content_frames(self.id, self.connection.frame_max)
        )
        if self.vhost.firehose.is_on:
            self.vhost.firehose.delivered(message, queue, entry.redelivered, self)

    def settle(self, delivery_tag, multiple):
        """Take deliveries off the list of those not acknowledged; return them.

        :raises errors.ChannelException: 406 for a tag that is not on it
        """
        if delivery_tag in self._unacked and not multiple:
            return self._settled([delivery_tag])
        if multiple and delivery_tag == 0:
            return self._settled(list(self._unacked))
        if delivery_tag not in self._unacked:
            raise errors.precondition_failed(f"unknown delivery tag {delivery_tag}")
        return self._settled([tag for tag in self._unacked if tag <= delivery_tag])

    def requeue_unacked(self):
        self.requeue(self._settled(list(self._unacked)))

    @staticmethod
    def requeue(deliveries):
        by_queue = {}
        for entry, queue, _ in deliveries:
            by_queue.setdefault(queue, []).append(entry)
        for queue, entries in by_queue.items():
            queue.requeue(entries)

    def unpark_after(self, deliveries):
        """Let consumers that waited for these acknowledgements have their turn."""
        if self.channel_prefetch:
            self.unpark_consumers()
            return
        for _, _, consumer in deliveries:
            if consumer is not None and consumer.parked:
                consumer.unpark()

    def _settled(self, tags):
        deliveries = [self._unacked.pop(tag) for tag in tags]
        for _, queue, consumer in deliveries:
            queue.unacked_count -= 1
            if consumer is not None:
                consumer.unacked -= 1
        return deliveries

    # Messages from the client

    def _handle_method(self, payload):
        self.check_between_messages()
        self.method_index = index = payload[:4]
        if index == method.BASIC_PUBLISH:
            self._publish = method.decode_publish(payload)
        elif index == method.BASIC_ACK:
            self._acknowledge(*method.decode_ack(payload))
        else:
            dispatch.call(self, method.decode_method(payload))

    def _acknowledge(self, delivery_tag, multiple):
        deliveries = self.settle(delivery_tag, multiple)
        self.stats.ack += len(deliveries)
        for _, queue, _ in deliveries:
            queue.stats.ack += 1
        self.unpark_after(deliveries)

    def _handle_header(self, payload):
        if self._publish is None or self._header is not None:
            raise self._unexpected()
        self._body_size, self._properties = messages.decode_header(payload)
        if self._body_size > MAX_MESSAGE_SIZE_BYTES:
            raise errors.precondition_failed(
                f"message size {self._body_size} is larger than configured max size {MAX_MESSAGE_SIZE_BYTES}"
            )
        self._header = payload
        if not self._body_size:
            self._content_complete()

    def _handle_body(self, payload):
        if self._header is None:
            raise self._unexpected()
        self._body_parts.append(payload)
        self._body_received += len(payload)
        if self._body_received > self._body_size:
            raise errors.ConnectionException(501, "the body is longer than its header says")
        if self._body_received == self._body_size:
            self._content_complete()

    def _content_complete(self):
        publish, properties, header = self._publish, self._properties, self._header
        body = b"".join(self._body_parts)
        self._publish = self._header = self._properties = None
        self._body_parts = []
        self._body_received = 0
        source = self._check_publish(publish, properties)
        expiration_seconds = _expiration_seconds(properties.expiration)
        message = messages.Message(publish.exchange, publish.routing_key, publish.address, header, body)
        routed = self.vhost.publish(message, source, self, expiration_seconds)
        self.stats.publish += 1
        if not routed:
            self._unroutable(message, publish.mandatory)
        if self.confirms:
            self._published += 1
            self.stats.confirm += 1
            self.connection.write(method.encode_ack(self.id, self._published))

    def _check_publish(self, publish, properties):
        if publish.immediate:
            raise errors.not_implemented("immediate=true")
        permissions.require(self, "write", "exchange", publish.exchange)
        source = self.vhost.find_exchange(publish.exchange)
        if source.internal:
            raise errors.access_refused(f"cannot publish to internal {source.describe()}")
        if properties.user_id not in (None, self.connection.user.name):
            raise errors.precondition_failed(
                f"user_id property set to '{properties.user_id}' but authenticated user was "
                f"'{self.connection.user.name}'"
            )
        return source

    def _unroutable(self, message, mandatory):
        if not mandatory:
            self.stats.drop_unroutable += 1
            return
        self.stats.return_unroutable += 1
        self.connection.write(
            method.encode_return(self.id, _NO_ROUTE, "NO_ROUTE", message.address)
            + message.content_frames(self.id, self.connection.frame_max)
        )

    def _unexpected(self):
        if self._publish is None:
            return errors.no_method()
        if self._header is None:
            text = "expected content header for class 60, got non content header frame instead"
        else:
            text = "expected content body, got non content body frame instead"
        return errors.ConnectionException(505, text)


def _expiration_seconds(expiration):
    if not expiration:
        return None
    sign, digits = expiration[:1], expiration
    if sign in "+-":
        digits = expiration[1:]
    leading = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    if not leading:
        raise errors.precondition_failed(f"invalid expiration '{expiration}': no_integer")
    if leading != digits:
        raise errors.precondition_failed(
            f"invalid expiration '{expiration}': {{leftover_string,\"{digits[len(leading) :]}\"}}"
        )
    milliseconds = int(expiration)
    if milliseconds < 0:
        raise errors.precondition_failed(
            f"invalid expiration '{expiration}': {{value_negative,{milliseconds}}}"
        )
    return milliseconds / 1000
