# SPDX-License-Identifier: Apache-2.0
"""The floor: how many boots four processes do that only pass on a boot's messages over the same broker."""

import json
import os
import subprocess
import sys

import amqp

from minova.bench import floor_process
from minova.trace import firehose

MESSAGES_PER_BOOT = 8


class FloorError(Exception):
    """A process of the floor failed; the message has its last words."""


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
        for process in self._processes.values():
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()
        _delete_queues(self._transport_url, self._queues())

    def run(self, count):
        """Seconds that ``count`` boots took."""
        api = self._processes["api"]
        api.stdin.write(f"{count}\n")
        api.stdin.flush()
        return float(self._line(api))

    def members(self):
        """The processes by role, for accounting.py."""
        return {role: _is(process.pid) for role, process in self._processes.items()}

    def _start(self, role, **setting):
        """Start one process; its first line."""
        setting |= {"role": role, "names": self._names, "transport_url": self._transport_url}
        process = subprocess.Popen(
            [sys.executable, "-m", "minova.bench.floor_process", json.dumps(setting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes[role] = process
        return self._line(process)

    def _line(self, process):
        line = process.stdout.readline()
        if not line:
            lines = process.stderr.read().strip().splitlines()
            raise FloorError(f"the floor failed: {lines[-1] if lines else 'it said nothing'}")
        return line

    def _queues(self):
        for topic in self._names.values():
            yield from (topic, f"{topic}.{floor_process.HOST}")


def _is(pid):
    return lambda stat: stat.pid == pid


def _delete_queues(transport_url, queues):
    """Topic queues outlive their processes; those of replies and fanouts expire by themselves."""
    address = firehose.broker_addresses(transport_url)[0]
    with amqp.Connection(
        host=f"{address.host}:{address.port}",
        userid=address.user,
        password=address.password,
        virtual_host=address.virtual_host,
    ) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_delete(queue)
        channel.exchange_delete(floor_process.EXCHANGE)
