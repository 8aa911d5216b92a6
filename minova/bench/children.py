# SPDX-License-Identifier: Apache-2.0
"""Processes of a benchmark that speak oslo.messaging: started with a setting, asked and answering by lines of text."""

import contextlib
import json
import subprocess
import sys

import amqp

from minova.trace import firehose

_STOP_SECONDS = 10


class ChildError(Exception):
    """A process failed; the message has its last words."""


class Child:
    """`python -m module`, with its setting as JSON in the first argument."""

    def __init__(self, module, setting):
        self._name = module.rpartition(".")[2]
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(setting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self):
        return self._process.pid

    def line(self):
        """The next line that it prints.

        :raises ChildError: when it ends instead.
        """
        line = self._process.stdout.readline()
        if not line:
            lines = self._process.stderr.read().strip().splitlines()
            raise ChildError(f"{self._name} failed: {lines[-1] if lines else 'it said nothing'}")
        return line.rstrip("\n")

    def ask(self, text):
        """What it answers to one line."""
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        return self.line()

    def stop(self):
        """Let it end by itself, as it can in good order, and wait."""
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.terminate()

    def terminate(self):
        """End it as it stands, and wait."""
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            pipe.close()


def delete(transport_url, queues, exchange):
    """Topic queues, reply queues and control exchanges outlive their processes; what is not there is passed over."""
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
        channel.exchange_delete(exchange)
