# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ's direct reply-to: replies go straight to a channel, without a queue.

A client consumes from `amq.rabbitmq.reply-to` and publishes requests with that as their `reply_to`; who answers sees
a name there that only this channel has, and publishes to it through the default exchange.
"""

import secrets

from minova.broker import method

QUEUE_NAME = "amq.rabbitmq.reply-to"
PREFIX = QUEUE_NAME + "."


class ReplyConsumer:
    """A channel's consumer of replies."""

    def __init__(self, tag, channel):
        self.tag = tag
        self.routing_key = PREFIX + secrets.token_urlsafe(24)
        self._channel = channel
        self._deliver_prefix = method.deliver_prefix(tag)
        channel.vhost.reply_consumers[self.routing_key] = self

    def close(self):
        del self._channel.vhost.reply_consumers[self.routing_key]

    def deliver(self, message):
        """Send a reply; it cannot be acknowledged, and its delivery tag counts for nothing."""
        self._channel.send_message(
            message,
            method.encode_deliver(
                self._channel.id,
                self._deliver_prefix,
                self._channel.next_delivery_tag,
                False,
                message.address,
            ),
        )
