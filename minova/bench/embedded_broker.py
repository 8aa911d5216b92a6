# SPDX-License-Identifier: Apache-2.0
"""An embedded broker of the benchmark's own, without a minova around it."""

import contextlib
import os
import socket
import subprocess
import time

from minova.bench.deployment import DeploymentError
from minova.up import guard, plan, ports

_START_SECONDS = 30
_STOP_SECONDS = 10
_LOOK_SECONDS = 0.02


class EmbeddedBroker:
    """A broker as `minova up` starts it: with its management API, without durability; ready on entry.

    :param directory: for its configuration and output.
    :param port: a free one by default.
    """

    def __init__(self, directory, port=None):
        self._directory = directory
        with ports.FreePorts() as free_ports:
            self._port = port or free_ports.find("127.0.0.1")
            self._management_port = free_ports.find("127.0.0.1")
        self.transport_url = f"rabbit://guest:guest@127.0.0.1:{self._port}/"

    def __enter__(self):
        command = [plan.script("minova-broker"), "--config-file", self._write_config()]
        with open(self._path("broker.out"), "wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # As in `minova up`: a Ctrl-C reaches this process, which then stops it last.
                start_new_session=True,
            )
        # Should this process be killed, the guard stops the broker.
        self._guard = guard.Guard()
        self._guard.add(self._process.pid, 0)
        try:
            self._wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._guard.dismiss()

    @property
    def pid(self):
        return self._process.pid

    def member(self, stat):
        return stat.pid == self._process.pid

    def _write_config(self):
        path = self._path("broker.conf")
        with open(path, "w", encoding="utf-8") as config:
            config.write(
                "[broker]\nlisten = 127.0.0.1\n"
                f"port = {self._port}\nmanagement_port = {self._management_port}\n"
            )
        return path

    def _wait_ready(self):
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            # The management API is opened last.
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self._management_port), timeout=1).close()
                return
            time.sleep(_LOOK_SECONDS)
        with open(self._path("broker.out"), encoding="utf-8", errors="replace") as output:
            raise DeploymentError(f"the embedded broker did not start:\n{''.join(output.readlines()[-5:])}")

    def _path(self, name):
        return os.path.join(self._directory, name)
