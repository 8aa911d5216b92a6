# SPDX-License-Identifier: Apache-2.0
"""A channel's transaction: what Tx.Commit does at once and Tx.Rollback forgets (AMQP 0-9-1, class tx).

As on RabbitMQ it is one only towards a single queue: messages are routed when they are published.
"""

from minova.broker import errors


class Transaction:
    """Publications and settlements since Tx.Select, or since the last commit or rollback."""

    def __init__(self, channel):
        self._channel = channel
        self._publications = []  # (message, names of its queues, mandatory)
        self._settlements = []  # (deliveries, outcome)

    def publish(self, message, queues, mandatory):
        message.charge(self._channel.vhost.memory, 0)
        self._publications.append((message, [queue.name for queue in queues], mandatory))

    def settle(self, deliveries, outcome):
        self._settlements.append((deliveries, outcome))

    def commit(self):
        """:raises errors.ChannelException: 406 when a queue refused a message; the rest is done"""
        publications, self._publications = self._publications, []
        settlements, self._settlements = self._settlements, []
        accepted = True
        for message, queue_names, mandatory in publications:
            queues = [
                self._channel.vhost.queues[name] for name in queue_names if name in self._channel.vhost.queues
            ]
            accepted &= self._channel.publisher.put(message, queues, mandatory)
        for deliveries, outcome in settlements:
            self._channel.settle(deliveries, outcome)
        if not accepted:
            raise errors.precondition_failed("partial tx completion")

    def rollback(self):
        """Forget everything; return the deliveries that are not settled after all."""
        self._publications = []
        settlements, self._settlements = self._settlements, []
        return [delivery for deliveries, _ in settlements for delivery in deliveries]
