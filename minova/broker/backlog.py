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

    def __iter__(self):
        return iter(self._entries)

    @property
    def first(self):
        return self._entries[0]

    def precedes(self, entry):
        """Whether the first entry comes before an entry of another backlog of the same queue."""
        return self.first.position < entry.position

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

    def remove(self, entry):
        """Take an entry out, wherever it stands."""
        self._entries.remove(entry)
        self.bytes -= len(entry.message.body)


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

    def __iter__(self):
        for priority in sorted(self._by_priority, reverse=True):
            yield from self._by_priority[priority]

    @property
    def first(self):
        return self._by_priority[max(self._by_priority)][0]

    def precedes(self, entry):
        """Whether the first entry comes before an entry of another backlog of the same queue."""
        first = self.first
        return (-self._priority(first), first.position) < (-self._priority(entry), entry.position)

    def append(self, entry):
        self._entries_like(entry).append(entry)
        self._count_in(entry)

    def popleft(self):
        entry = self.first
        self.remove(entry)
        return entry

    def put_back(self, entry):
        _insert(self._entries_like(entry), entry)
        self._count_in(entry)

    def remove(self, entry):
        """Take an entry out, wherever it stands."""
        priority = self._priority(entry)
        self._by_priority[priority].remove(entry)
        if not self._by_priority[priority]:
            del self._by_priority[priority]
        self._count -= 1
        self.bytes -= len(entry.message.body)

    def _entries_like(self, entry):
        return self._by_priority.setdefault(self._priority(entry), collections.deque())

    def _priority(self, entry):
        return min(entry.message.properties.priority, self._highest)

    def _count_in(self, entry):
        self._count += 1
        self.bytes += len(entry.message.body)


def make(highest_priority=None):
    """Return an empty backlog for a queue with, or without, x-max-priority."""
    return PriorityBacklog(highest_priority) if highest_priority else Backlog()


def _insert(entries, entry):
    if not entries or entry.position < entries[0].position:
        entries.appendleft(entry)
        return
    if entry.position > entries[-1].position:
        entries.append(entry)
        return
    index = next((n for n, other in enumerate(entries) if other.position > entry.position), len(entries))
    entries.insert(index, entry)
