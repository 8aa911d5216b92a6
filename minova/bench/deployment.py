# SPDX-License-Identifier: Apache-2.0
"""A minova of the benchmark's own, started as a user would: by `minova up`, as a child of this process."""

import os
import subprocess
import sys
import threading
import time
import urllib.parse

from minova.up import ports, record, settings

START_SECONDS = 90
STOP_SECONDS = 90
_LOOK_SECONDS = 0.01
# After the end, until the last lines are in the file.
_COPY_SECONDS = 5
LOCAL = ("127.0.0.1", "localhost", "::1")
# How the processes of a database server are called.
_DATABASE_PROCESSES = {"postgresql": ("postgres",), "mysql": ("mariadbd", "mysqld")}


class DeploymentError(Exception):
    """minova did not start or did not stop; the message has its last lines."""


class Deployment:
    """One `minova up`, ready on entry and stopped on exit.

    :param options: further options of `minova up`.
    :param environment: variables that its processes see beside those of this one.
    """

    def __init__(
        self, state_path, hosts, transport_url=None, database_url=None, options=(), environment=None
    ):
        self.state_path = state_path
        self.hosts = hosts
        self._options = options
        self._environment = {**os.environ, **(environment or {})}
        self._transport_url = transport_url
        self._database_url = database_url
        self._output_path = os.path.join(os.path.dirname(state_path), f"{os.path.basename(state_path)}.out")

    def __enter__(self):
        self.launched = time.perf_counter()
        # A session of its own: a Ctrl-C reaches this process, which then stops it in order. And a pipe: should this
        # process be killed, it has nobody to write to and stops by itself.
        self._up = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=self._environment,
        )
        self._copier = threading.Thread(target=self._copy_output, daemon=True)
        self._copier.start()
        try:
            self.record = self._wait_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        if self._stop() != 0:
            raise DeploymentError(f"minova up did not stop in good order:\n{self._last_lines()}")

    @property
    def address(self):
        """(host, port) of the API."""
        parts = urllib.parse.urlsplit(self.record.api_url)
        return parts.hostname, parts.port

    @property
    def transport_url(self):
        return self.record.transport_url

    def read_record(self):
        """The record as it is now: processes may have been started again."""
        return record.load(self.state_path)

    def members(self):
        """Minova's own processes by service, for accounting.py."""
        services = {name: _in_group(pid) for name, pid in self.record.processes.items() if name != "db sync"}
        guards = _children(self._up.pid) - set(self.record.processes.values())
        return {**services, "up": lambda stat: stat.pid == self._up.pid or stat.pid in guards}

    def servers(self):
        """The processes of a broker and a database that minova did not start, where they run on this machine."""
        return {**self._broker(), **self._database()}

    def _command(self):
        command = [sys.executable, "-m", "minova.cmd.cli", "up", "--state-path", self.state_path]
        command += ["--hosts", str(self.hosts), "--api-port", "0", "--broker-port", "0"]
        # Its process and its copies of all messages would be measured, too.
        command += ["--no-page"]
        command += self._options
        if self._transport_url:
            command += ["--transport-url", self._transport_url]
        if self._database_url:
            command += ["--database-connection", self._database_url]
        return command

    def _wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._up.poll() is None:
            found = record.load(self.state_path)
            if found and found.ready and found.pid == self._up.pid:
                return found
            time.sleep(_LOOK_SECONDS)
        raise DeploymentError(f"minova up did not become ready:\n{self._last_lines()}")

    def _stop(self):
        if self._up.poll() is None:
            self._up.terminate()
        try:
            self._up.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its guard ends the services.
            self._up.kill()
            self._up.wait()
        self._copier.join(_COPY_SECONDS)
        return self._up.returncode

    def _copy_output(self):
        with open(self._output_path, "ab", buffering=0) as output, self._up.stdout as lines:
            while chunk := lines.read1():
                output.write(chunk)

    def _last_lines(self):
        with open(self._output_path, encoding="utf-8", errors="replace") as output:
            return "".join(output.readlines()[-15:])

    def _broker(self):
        host, port = settings.addresses(self.transport_url)[0]
        if self.record.embedded_broker or host not in LOCAL:
            return {}
        pid = ports.owner(port)
        return {"RabbitMQ": lambda stat: stat.pid == pid} if pid else {"RabbitMQ": _named("beam.smp")}

    def _database(self):
        parts = urllib.parse.urlsplit(self._database_url or "")
        kind = parts.scheme.partition("+")[0]
        if kind not in _DATABASE_PROCESSES or parts.hostname not in (None, *LOCAL):
            return {}
        return {kind: _named(*_DATABASE_PROCESSES[kind])}


def _in_group(group):
    return lambda stat: stat.group == group


def _named(*names):
    return lambda stat: stat.name in names


def _children(pid):
    """Process ids of the children of a process: the guard has left its group."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
            return {int(child) for child in text.read().split()}
    except OSError:
        return set()
