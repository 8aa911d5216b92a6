# SPDX-License-Identifier: Apache-2.0
"""Plays a recording as if it happened now."""

import time

from minova.trace import recording

# What lies so close together is shown at once.
_TOGETHER_SECONDS = 0.1
# Of nothing at all nobody wants to wait longer; the lines say the true time.
LONGEST_PAUSE_SECONDS = 3


class Replay:
    """A source for live.follow(): gives events when they are due.

    :param speed: 2 is twice as fast as it was; 0 is all at once.
    """

    def __init__(self, path, speed):
        self.recording = recording.read(path)
        self._events = iter(self.recording)
        self._speed = speed
        self._next = next(self._events, None)

    def take(self, _timeout_seconds):
        """As Buffer.take(); it never drops anything."""
        if self._next is None:
            return None, 0
        taken = [self._next]
        for event in self._events:
            if self._speed and abs(event.time - taken[0].time) > _TOGETHER_SECONDS * self._speed:
                self._next = event
                self._wait(event.time - taken[0].time)
                return taken, 0
            taken.append(event)
        self._next = None
        return taken, 0

    def lost_copies(self):
        """None: a file waits."""
        return 0

    def _wait(self, seconds):
        time.sleep(min(max(seconds, 0) / self._speed, LONGEST_PAUSE_SECONDS))
