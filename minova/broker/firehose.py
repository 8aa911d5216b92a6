# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ's firehose: a copy of every message published or delivered goes to `amq.rabbitmq.trace`.

The copy's routing key is `publish.<exchange>` or `deliver.<queue>`, its body the message's, its headers say what
happened; see trace_headers.py. Unlike RabbitMQ, which has to be told to trace, it is on while something is bound to the
exchange.

To copy each message at once would cost a system call each, and a walk through code that is cold by then: most of what
tracing costs. So what happened is noted, and every few milliseconds it is copied and sent together, in its order; a
header says when each thing happened.
"""

import asyncio
import time

from minova.broker import message as messages
from minova.broker import properties as message_properties
from minova.broker import trace_headers

EXCHANGE_NAME = "amq.rabbitmq.trace"
BATCH_SECONDS = 0.05  # for which one waits for others

_BATCH_OCTETS = 1 << 20  # of bodies, for which it does not wait longer
_COPY = message_properties.Properties(is_copy=True)


class Firehose:
    """The firehose of one vhost."""

    def __init__(self, vhost, exchange):
        self.is_on = False
        self._vhost = vhost
        self._exchange = exchange
        self._place = trace_headers.place(vhost.name)
        self._waiting = []  # what is to be copied: (seconds since the epoch, routing key, message, facts, channel)
        self._waiting_octets = 0
        self._last = None, b""  # a message and its fields: mostly it is delivered as soon as it is published

    def refresh(self):
        """Bindings have changed: is anybody listening?"""
        self.is_on = bool(self._exchange.destinations)
        if not self.is_on:
            self._take_waiting()

    # A copy is not copied again, nor is it when it comes by as a dead letter: that had no end.

    def published(self, message, queue_names, channel):
        """:param queue_names: a tuple"""
        if not message.properties.is_copy:
            facts = trace_headers.routed_queues(queue_names)
            self._add(f"publish.{message.exchange}", message, facts, channel)

    def delivered(self, message, queue, redelivered, channel):
        if not message.properties.is_copy:
            facts = trace_headers.REDELIVERED if redelivered else trace_headers.DELIVERED_FIRST
            self._add(f"deliver.{queue.name}", message, facts, channel)

    def noted(self, what, message, queue_name, facts, channel=None):
        """Tell what the debugger did with a message of a queue; unlike RabbitMQ, which has no debugger.

        :param facts: {name: whole number}
        :param channel: of the publisher, where it is known
        """
        self._add(f"minova.{what}.{queue_name}", message, trace_headers.numbers(facts), channel)

    def flush(self):
        """Copy what happened, and send that."""
        queues_of = {}  # routing key: queues; the same few keys come again and again
        copies_for = {}  # queue: copies
        for event in self._take_waiting():
            copy = self._copy(*event)
            queues = queues_of.get(copy.routing_key)
            if queues is None:
                queues = queues_of[copy.routing_key] = self._vhost.find_queues(copy, self._exchange)
            self._exchange.publish_in += 1
            self._exchange.publish_out += len(queues)
            for queue in queues:
                copies_for.setdefault(queue, []).append(copy)
        for queue, copies in copies_for.items():
            queue.put_copies(copies)
        self._last = None, b""

    def _take_waiting(self):
        waiting, self._waiting = self._waiting, []
        self._waiting_octets = 0
        return waiting

    def _add(self, routing_key, message, facts, channel):
        if not self._exchange.route(routing_key):
            return  # who listens wants others
        if not self._waiting:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        self._waiting.append((time.time(), routing_key, message, facts, channel))
        self._waiting_octets += len(message.body)
        if self._waiting_octets > _BATCH_OCTETS:
            self.flush()

    def _copy(self, seconds, routing_key, message, facts, channel):
        routing_key, address = trace_headers.address(EXCHANGE_NAME, routing_key)
        fields = self._fields_of(message), self._place, trace_headers.of_channel(channel), facts
        header = trace_headers.content_header(len(message.body), fields, seconds)
        return messages.Message(EXCHANGE_NAME, routing_key, address, header, message.body, _COPY)

    def _fields_of(self, message):
        if self._last[0] is not message:
            self._last = message, trace_headers.of_message(message)
        return self._last[1]
