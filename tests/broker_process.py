# SPDX-License-Identifier: Apache-2.0
"""A real minova-broker in a process of its own, for tests that need a wire."""

import re
import signal
import subprocess
import sys
import time

import amqp

from tests.free_ports import free_port

_START_SECONDS = 90
_STOP_SECONDS = 60


def start_broker(tmp_path, *, port=0, **options):
    """Start a broker on a free port and return it once it listens; `options` are those of group [broker]."""
    broker = BrokerProcess(tmp_path, port, options)
    broker.start()
    return broker


class BrokerProcess:
    """The process; `url` is what oslo.messaging takes as transport_url."""

    def __init__(self, tmp_path, port, options):
        # Not one of the system's own choice: it could be given to a connection while the broker is killed.
        self.port = port or free_port()
        self.log_path = tmp_path / "minova-broker.log"
        self._config_path = tmp_path / "minova-broker.conf"
        self._options = options
        self._process = None

    @property
    def url(self):
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/"

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        lines = [f"{name} = {value}" for name, value in (self._options | {"port": self.port}).items()]
        self._config_path.write_text("\n".join(["[broker]", *lines, ""]))
        with open(self.log_path, "w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "minova.cmd.broker", "--config-file", str(self._config_path)],
                stderr=log,
            )
        self.port = self._await_port()

    def connect(self, **options):
        """A connection of py-amqp; a context that closes it."""
        connection = amqp.Connection(f"127.0.0.1:{self.port}", **options)
        connection.connect()
        return connection

    def send_signal(self, number):
        self._process.send_signal(number)

    @property
    def tls_port(self):
        return int(re.search(r"listening with TLS on \S+:(\d+)\n", self.log()).group(1))

    def ask_to_stop(self):
        self._process.terminate()

    def stop(self):
        """Ask it to stop and wait; return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart(self):
        """Stop it and start it again on the same port, with nothing left in memory."""
        self.stop()
        self.start()

    def log(self):
        return self.log_path.read_text()

    def _end(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(timeout=_STOP_SECONDS)

    def _announcement(self):
        with_tls = " with TLS" if self._options.get("tls_only") else ""
        return rf"listening{with_tls} on \S+:(\d+)\n"

    def _await_port(self):
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            found = re.search(self._announcement(), self.log())
            if found:
                return int(found.group(1))
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(f"minova-broker did not start:\n{self.log()}")
