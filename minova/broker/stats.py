# SPDX-License-Identifier: Apache-2.0
"""Counters of what the broker does, under the names that RabbitMQ's management API gives them; see management/."""


class QueueStats:
    """Messages of a queue since it exists; a counter is raised where the thing happens."""

    __slots__ = ("ack", "deliver", "deliver_no_ack", "get", "get_empty", "get_no_ack", "publish", "redeliver")
    names: tuple[str, ...] = __slots__

    def __init__(self):
        for name in self.names:
            setattr(self, name, 0)

    def delivered(self, no_ack, redelivered):
        """Count a message that was sent to a consumer."""
        if no_ack:
            self.deliver_no_ack += 1
        else:
            self.deliver += 1
        if redelivered:
            self.redeliver += 1

    def got(self, no_ack, redelivered):
        """Count a message that answered Basic.Get."""
        if no_ack:
            self.get_no_ack += 1
        else:
            self.get += 1
        if redelivered:
            self.redeliver += 1

    def counts(self):
        """Return {name: count}, with `deliver_get`, which is all that went out."""
        counts = {name: getattr(self, name) for name in self.names}
        counts["deliver_get"] = self.deliver + self.deliver_no_ack + self.get + self.get_no_ack
        return counts


class ChannelStats(QueueStats):
    """Messages of a channel, or of all channels of a vhost."""

    __slots__ = ("confirm", "drop_unroutable", "return_unroutable")
    names = QueueStats.names + __slots__

    def add(self, other):
        for name in self.names:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Churn:
    """How often things came and went since the broker started."""

    __slots__ = (
        "channel_closed",
        "channel_created",
        "connection_closed",
        "connection_created",
        "queue_created",
        "queue_declared",
        "queue_deleted",
    )

    def __init__(self):
        for name in self.__slots__:
            setattr(self, name, 0)

    def counts(self):
        return {name: getattr(self, name) for name in self.__slots__}
