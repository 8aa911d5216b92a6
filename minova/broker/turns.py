# SPDX-License-Identifier: Apache-2.0
"""Which of a queue's consumers gets the next message."""


class Turns:
    """Consumers of the highest priority that can take a message, in turn."""

    __slots__ = ("_by_priority",)

    def __init__(self):
        self._by_priority = {}  # priority: consumers in turn, less those that are parked; highest first

    def add(self, consumer):
        if consumer.priority not in self._by_priority:
            self._by_priority[consumer.priority] = []  # not a deque: those take 600 octets more
            self._by_priority = dict(sorted(self._by_priority.items(), reverse=True))
        self._by_priority[consumer.priority].append(consumer)

    readmit = add

    def remove(self, consumer):
        if consumer.parked:
            return
        ready = self._by_priority[consumer.priority]
        ready.remove(consumer)
        if not ready:
            del self._by_priority[consumer.priority]

    def next(self):
        """Return a consumer that can take a message, or None; those that cannot are parked."""
        for ready in self._by_priority.values():
            while ready:
                consumer = ready[0]
                if consumer.can_take():
                    if len(ready) > 1:
                        ready.append(ready.pop(0))
                    return consumer
                consumer.parked = True
                del ready[0]
        return None


class SingleActiveConsumer:
    """The consumer that came first, as long as it lasts; then the first of the highest priority."""

    __slots__ = ("_consumers", "active")

    def __init__(self):
        self._consumers = []
        self.active = None

    def add(self, consumer):
        self._consumers.append(consumer)
        if self.active is None:
            self.active = consumer

    def readmit(self, consumer):
        """Nothing to do: the active consumer is asked each time."""

    def remove(self, consumer):
        self._consumers.remove(consumer)
        if self.active is consumer:
            self.active = max(self._consumers, key=lambda other: other.priority, default=None)

    def next(self):
        if self.active is None:
            return None
        if self.active.can_take():
            return self.active
        self.active.parked = True
        return None
