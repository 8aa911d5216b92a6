# SPDX-License-Identifier: Apache-2.0
"""What waits in a queue: entries in order, or in order within each priority."""

import collections


class Entry:
    """A message's place in one queue."""

    __slots__ = ("expires_at", "message", "position", "redelivered", "stored_id")

    def __init__(self, message, position, expires_at):
        self.message = message
        self.position = position
        self.expires_at = expires_at  # in the event loop's time; None: never
        self.redelivered = False
        self.stored_id = None  # under which the store keeps it; None: nowhere but in memory


class Backlog:
    """Entries in the order of their positions; `bytes` counts their bodies."""

    __slots__ = ("_entries", "bytes")

    def __init__(self):
        self._entries = collections.deque()
        self.bytes = 0

    def __len__(self):
        return len(self._entries)

    @property
    def first(self):
        return self._entries[0]

    def append(self, entry):
        self._entries.append(entry)
        self.bytes += len(entry.message.body)

    def popleft(self):
        entry = self._entries.popleft()
        self.bytes -= len(entry.message.body)
        return entry

    def put_back(self, entry):
        """Put an entry where its position says, which mostly is in front."""
        self.bytes += len(entry.message.body)
        _insert(self._entries, entry)


class PriorityBacklog:
    """Entries of the highest priority first; priorities above `highest` count as that."""

    __slots__ = ("_by_priority", "_count", "_highest", "bytes")

    def __init__(self, highest):
        self._highest = highest
        self._by_priority = {}  # without those that have no entries
        self._count = 0
        self.bytes = 0

    def __len__(self):
        return self._count

    @property
    def first(self):
        return self._by_priority[max(self._by_priority)][0]

    def append(self, entry):
        self._entries_like(entry).append(entry)
        self._count_in(entry)

    def popleft(self):
        priority = max(self._by_priority)
        entry = self._by_priority[priority].popleft()
        if not self._by_priority[priority]:
            del self._by_priority[priority]
        self._count -= 1
        self.bytes -= len(entry.message.body)
        return entry

    def put_back(self, entry):
        _insert(self._entries_like(entry), entry)
        self._count_in(entry)

    def _entries_like(self, entry):
        priority = min(entry.message.properties.priority, self._highest)
        return self._by_priority.setdefault(priority, collections.deque())

    def _count_in(self, entry):
        self._count += 1
        self.bytes += len(entry.message.body)


def _insert(entries, entry):
    if not entries or entry.position < entries[0].position:
        entries.appendleft(entry)
        return
    index = next((n for n, other in enumerate(entries) if other.position > entry.position), len(entries))
    entries.insert(index, entry)
