# SPDX-License-Identifier: Apache-2.0
"""Several client processes at once, started together; what each does stands in client.py."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys

# What a pipe takes on every system without somebody who reads.
MOST_TICKETS = 16_000


class ClientsError(Exception):
    """A client process failed; the message has its last words."""


@dataclasses.dataclass
class Outcome:
    """What the clients of one task saw together."""

    # From the first client's begin to the last one's end.
    wall_seconds: float
    cpu_seconds: float
    polls: int
    results: list

    def joined(self, name):
        """One list of all clients' lists."""
        return [item for result in self.results for item in result[name]]

    def total(self, name):
        return sum(result[name] for result in self.results)


def run(address, tasks, meter=None):
    """Run each task in a process of its own, all at the same time.

    :param address: (host, port) of the API.
    :param tasks: see client.WORK.
    :param meter: a context manager that is entered while the clients work.
    :raises ClientsError: when one of them fails.
    """
    processes = []
    try:
        processes += [_start(address, task) for task in tasks]
        for process in processes:
            if process.stdout.readline() != "ready\n":
                raise ClientsError(_last_words(process))
        with meter or contextlib.nullcontext():
            return outcome(_go(processes))
    finally:
        for process in processes:
            _end(process)


@contextlib.contextmanager
def tickets(count):
    """A descriptor that the clients share, and from which ``count`` bytes can be read; see client.tickets()."""
    reader, writer = os.pipe()
    try:
        os.write(writer, bytes(count))
        os.close(writer)
        yield reader
    finally:
        os.close(reader)


def outcome(results):
    """One Outcome of the clients' results."""
    return Outcome(
        wall_seconds=max(result["end"] for result in results) - min(result["begin"] for result in results),
        cpu_seconds=sum(result["cpu_seconds"] for result in results),
        polls=sum(result["polls"] for result in results),
        results=results,
    )


def _start(address, task):
    host, port = address
    return subprocess.Popen(
        [sys.executable, "-m", "minova.bench.client", json.dumps({**task, "host": host, "port": port})],
        pass_fds=[task["tickets"]] if "tickets" in task else (),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _go(processes):
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [_result(process) for process in processes]


def _result(process):
    line = process.stdout.readline()
    if not line:
        raise ClientsError(_last_words(process))
    return json.loads(line)


def _last_words(process):
    lines = process.stderr.read().strip().splitlines()
    return f"a client failed: {lines[-1] if lines else 'it said nothing'}"


def _end(process):
    process.stdin.close()
    process.terminate()
    process.wait()
    process.stdout.close()
    process.stderr.close()
