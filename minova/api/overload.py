# SPDX-License-Identifier: Apache-2.0
"""Overload: requests wait for a thread only so many and so long; the others are refused before they begin."""

import logging
import time

import waitress.task
import waitress.utilities

import minova.conf

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOGS = 5


class Overloaded(waitress.utilities.Error):
    """What waitress is to answer in place of the application."""

    code = 503
    reason = "Service Unavailable"


class Dispatcher(waitress.task.ThreadedTaskDispatcher):
    """Waitress' pool of threads, before a queue that is bounded; a thread of its own refuses what finds no room."""

    def __init__(self):
        super().__init__()
        self._refusals = waitress.task.ThreadedTaskDispatcher()
        self._refused = 0
        self._next_log = 0

    def set_thread_count(self, count):
        super().set_thread_count(count)
        self._refusals.set_thread_count(min(count, 1))

    def add_task(self, task):
        """Called with a channel whose first request is complete."""
        task.waits_since = time.monotonic()
        if len(self.queue) >= CONF.api.max_waiting_requests:
            self._refuse(task, f"{CONF.api.max_waiting_requests} requests wait already")
        else:
            super().add_task(task)

    def refuse_expired(self):
        """Refuse what has waited too long; called from time to time."""
        seconds = CONF.api.max_waiting_seconds
        oldest = time.monotonic() - seconds
        while task := self._pop_waiting_since(oldest):
            self._refuse(task, f"no thread was free for {seconds:g} s")

    def shutdown(self, cancel_pending=True, timeout=5):
        self._refusals.shutdown(cancel_pending, timeout)
        return super().shutdown(cancel_pending, timeout)

    def _pop_waiting_since(self, oldest):
        with self.lock:
            if self.queue and self.queue[0].waits_since < oldest:
                return self.queue.popleft()
        return None

    def _refuse(self, task, why):
        self._refused += 1
        if time.monotonic() >= self._next_log:
            LOG.warning("overload: %s requests refused so far, now because %s", self._refused, why)
            self._next_log = time.monotonic() + _SECONDS_BETWEEN_LOGS
        task.requests[0].error = Overloaded(f"The API is overloaded: {why}; try again.")
        self._refusals.add_task(task)
