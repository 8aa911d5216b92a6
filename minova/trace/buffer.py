# SPDX-License-Identifier: Apache-2.0
"""Between the thread that reads the bus and the one that shows it, which may be as slow as a terminal is."""

import collections
import threading
import time

from minova.trace import events
from minova.trace.firehose import TraceError

LIMIT = 20_000
# What comes within so long is taken together, to be put in order by request; a terminal is not read faster.
GROUP_SECONDS = 0.1
_STOP_SECONDS = 5


class Buffer:
    """Reads a source of events in a thread of its own; where nobody takes them, the oldest go, and are counted.

    A context that ends the reading. `source` has events(deadline), stop() and lost_copies(), as Firehose.
    """

    def __init__(self, source, deadline, limit=LIMIT):
        self._source = source
        self._deadline = deadline
        self._events = collections.deque()
        self._limit = limit
        self._dropped = 0
        self._error = None
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="trace-reader", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._source.stop()
        self._thread.join(_STOP_SECONDS)

    def take(self, timeout_seconds):
        """(events, how many messages were dropped before them); None instead of events when there are no more.

        :raises TraceError: when the bus cannot be read any longer, and all before that was taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._ended, timeout_seconds)
        time.sleep(GROUP_SECONDS)
        with self._changed:
            taken, self._events = list(self._events), collections.deque()
            dropped, self._dropped = self._dropped, 0
            if taken or dropped or not self._ended:
                return taken, dropped
            if self._error:
                raise self._error
            return None, 0

    def lost_copies(self):
        """How many copies, at least, were lost before they came here."""
        return self._source.lost_copies()

    def _read(self):
        try:
            for event in self._source.events(self._deadline):
                if event is not None:
                    self._put(event)
        except TraceError as err:
            self._error = err
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _put(self, event):
        with self._changed:
            self._events.append(event)
            if len(self._events) > self._limit:
                self._dropped += self._events.popleft().what == events.PUBLISHED
            self._changed.notify()
