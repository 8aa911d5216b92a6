# SPDX-License-Identifier: Apache-2.0
"""The floor: how many boots four processes do that only pass on a boot's messages over the same broker."""

import os

from minova.bench import children, floor_process

MESSAGES_PER_BOOT = 8


class Floor:
    """The four processes, ready on entry, gone on exit with their queues."""

    def __init__(self, transport_url, concurrency):
        self._transport_url = transport_url
        self._concurrency = concurrency
        # Names of its own: queues of an earlier run that was killed may hold messages.
        prefix = f"minova-bench-{os.getpid()}"
        self._names = {role: f"{prefix}-{role}" for role in ("conductor", "scheduler", "compute")}
        self._processes = {}

    def __enter__(self):
        try:
            notice_port = int(self._start("api", concurrency=self._concurrency))
            for role in self._names:
                self._start(role, notice_port=notice_port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self._processes.values():
            process.terminate()
        children.delete(self._transport_url, self._queues(), floor_process.EXCHANGE)

    def run(self, count):
        """Seconds that ``count`` boots took."""
        return float(self._processes["api"].ask(count))

    def members(self):
        """The processes by role, for accounting.py."""
        return {role: _is(process.pid) for role, process in self._processes.items()}

    def _start(self, role, **setting):
        """Start one process; its first line."""
        setting |= {"role": role, "names": self._names, "transport_url": self._transport_url}
        self._processes[role] = children.Child("minova.bench.floor_process", setting)
        return self._processes[role].line()

    def _queues(self):
        for topic in self._names.values():
            yield from (topic, f"{topic}.{floor_process.HOST}")


def _is(pid):
    return lambda stat: stat.pid == pid
