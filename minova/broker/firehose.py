# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ's firehose: a copy of every message published or delivered goes to `amq.rabbitmq.trace`.

The copy's routing key is `publish.<exchange>` or `deliver.<queue>`, its body the message's, its headers say what
happened. Unlike RabbitMQ, which has to be told to trace, it is on while something is bound to the exchange.
"""

import platform
import time

from pamqp import commands

from minova.broker import message as messages
from minova.broker import method
from minova.broker import properties as message_properties

EXCHANGE_NAME = "amq.rabbitmq.trace"
# Microseconds since the epoch.
TIME_HEADER = "minova_time"

_COPY = message_properties.Properties(is_copy=True)


class Firehose:
    """The firehose of one vhost."""

    def __init__(self, vhost, exchange):
        self.is_on = False
        self._vhost = vhost
        self._exchange = exchange
        self._node = f"minova@{platform.node()}"

    def refresh(self):
        """Bindings have changed: is anybody listening?"""
        self.is_on = bool(self._exchange.destinations)

    # A copy is not copied again, nor is it when it comes by as a dead letter: that had no end.

    def published(self, message, queue_names, channel):
        if not message.properties.is_copy:
            facts = {"routed_queues": queue_names}
            self._send(f"publish.{message.exchange}", message, facts, channel)

    def delivered(self, message, queue, redelivered, channel):
        if not message.properties.is_copy:
            self._send(f"deliver.{queue.name}", message, {"redelivered": int(redelivered)}, channel)

    def noted(self, what, message, queue_name, facts, channel=None):
        """Tell what the debugger did with a message of a queue; unlike RabbitMQ, which has no debugger.

        :param channel: of the publisher, where it is known
        """
        self._send(f"minova.{what}.{queue_name}", message, facts, channel)

    def _send(self, routing_key, message, facts, channel):
        routing_key = method.shorten(routing_key)
        properties = commands.Basic.Properties(headers=self._describe(message, channel) | facts)
        copy = messages.Message(
            EXCHANGE_NAME,
            routing_key,
            method.encode_address(EXCHANGE_NAME, routing_key),
            messages.encode_header(properties, len(message.body)),
            message.body,
            _COPY,
        )
        self._vhost.publish(copy, self._exchange, channel)

    def _describe(self, message, channel):
        return {
            "exchange_name": message.exchange,
            "routing_keys": message.routing_keys,
            "properties": _properties_table(message),
            "node": self._node,
            "vhost": self._vhost.name,
            "connection": channel.connection.name if channel else "",
            "channel": channel.id if channel else 0,
            "user": channel.connection.user.name if channel else "",
            # Unlike RabbitMQ, whose copies do not say when: who reads them does so some time later.
            TIME_HEADER: int(time.time() * 1_000_000),
        }


def _properties_table(message):
    names = {"message_type": "type"}
    return {
        names.get(name, name): value
        for name, value in message.decode_properties()
        if value is not None and value != ""
    }
