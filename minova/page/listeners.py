# SPDX-License-Identifier: Apache-2.0
"""Counts the open event streams, of which there is a limited number: each holds a thread."""

import threading


class Listeners:
    """So many may be inside at once."""

    def __init__(self, most):
        self.most = most
        self.now = 0
        self._lock = threading.Lock()

    def enter(self):
        """False when there is no room."""
        with self._lock:
            if self.now >= self.most:
                return False
            self.now += 1
            return True

    def leave(self):
        with self._lock:
            self.now -= 1
