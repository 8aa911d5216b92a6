# SPDX-License-Identifier: Apache-2.0
"""The tasks that this process works on: none twice at a time, all of them named in its heartbeat."""

import contextlib
import threading


class TasksInHand:
    """Safe to use from many threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._hosts_by_task = {}

    @contextlib.contextmanager
    def hold(self, instance):
        """Work on the instance's task; gives False where another thread already does.

        A message may come twice: a recovery sends again what it takes for lost.
        """
        task = (instance.task_id, instance.attempt)
        mine = self.take(task, instance.host)
        try:
            yield mine
        finally:
            if mine:
                self.release(task)

    @contextlib.contextmanager
    def hold_all(self, tasks):
        """Work on several tasks, (task id, attempt) each, also on those that another thread works on."""
        mine = [task for task in tasks if self.take(task)]
        try:
            yield
        finally:
            for task in mine:
                self.release(task)

    def take(self, task, host=None):
        """Begin to work on a task, (task id, attempt); False where somebody already does."""
        with self._lock:
            mine = task not in self._hosts_by_task
            self._hosts_by_task.setdefault(task, host)
        return mine

    def release(self, task):
        with self._lock:
            del self._hosts_by_task[task]

    def list(self):
        """[task id, attempt] of each task in hand."""
        with self._lock:
            return [list(task) for task in self._hosts_by_task]

    def count_by_host(self):
        """How many tasks each host has in hand; hosts without one are missing."""
        counts = {}
        with self._lock:
            for host in self._hosts_by_task.values():
                counts[host] = counts.get(host, 0) + 1
        return counts
