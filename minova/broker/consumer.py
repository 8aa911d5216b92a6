# SPDX-License-Identifier: Apache-2.0
"""A consumer: a channel's subscription to a queue, and whether it can take a message now."""

from minova.broker import method


class Consumer:
    """Made by Basic.Consume; its queue offers it messages, its channel sends them."""

    __slots__ = (
        "arguments",
        "channel",
        "deliver_prefix",
        "exclusive",
        "no_ack",
        "parked",
        "prefetch",
        "priority",
        "queue",
        "tag",
        "unacked",
    )

    def __init__(self, tag, channel, queue, no_ack=False, exclusive=False, prefetch=0, arguments=None):
        self.tag = tag
        self.channel = channel
        self.queue = queue
        self.no_ack = no_ack
        self.exclusive = exclusive
        self.prefetch = prefetch  # 0: no limit
        self.arguments = arguments or {}
        self.priority = self.arguments.get("x-priority", 0)
        self.unacked = 0
        self.parked = False  # the queue passed it over and waits for unpark()
        self.deliver_prefix = method.deliver_prefix(tag)

    def can_take(self):
        if not self.channel.connection.writable:
            return False
        if self.no_ack:
            return True
        return (not self.prefetch or self.unacked < self.prefetch) and self.channel.has_room()

    def unpark(self):
        """Tell the queue that this consumer may be able to take messages again."""
        if self.parked:
            self.queue.readmit(self)
