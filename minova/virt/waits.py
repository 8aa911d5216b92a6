# SPDX-License-Identifier: Apache-2.0
"""Operations that take their time, and what may end them before it is up."""

import contextlib
import threading

DESTROYED = "destroyed"
CLOSED = "closed"


class Wait:
    """One operation's patience."""

    def __init__(self):
        self._event = threading.Event()
        self._ended_by = None

    def sleep(self, seconds: float) -> str | None:
        """Wait; return None when the time is up, else what ended the wait: DESTROYED or CLOSED."""
        self._event.wait(seconds)
        return self._ended_by

    def end(self, cause: str) -> None:
        self._ended_by = self._ended_by or cause
        self._event.set()


class Waits:
    """The waits of one driver, by guest."""

    def __init__(self):
        self._lock = threading.Lock()
        self._waits = {}
        self._closed = False

    @contextlib.contextmanager
    def enter(self, key):
        """Give a wait that ``end(key)`` and ``close()`` can end; enter before there is a guest to be
        destroyed."""
        wait = Wait()
        with self._lock:
            self._waits.setdefault(key, []).append(wait)
            if self._closed:
                wait.end(CLOSED)
        try:
            yield wait
        finally:
            self._leave(key, wait)

    def end(self, key) -> None:
        """End all waits of the key, because its guest is being destroyed."""
        with self._lock:
            for wait in self._waits.get(key, ()):
                wait.end(DESTROYED)

    def close(self) -> None:
        """End all waits, also those that begin later."""
        with self._lock:
            self._closed = True
            for waits in self._waits.values():
                for wait in waits:
                    wait.end(CLOSED)

    def _leave(self, key, wait):
        with self._lock:
            self._waits[key].remove(wait)
            if not self._waits[key]:
                del self._waits[key]
