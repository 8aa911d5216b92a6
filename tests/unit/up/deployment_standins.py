# SPDX-License-Identifier: Apache-2.0
"""A deployment of stand-ins: scripts with the services' names that behave as a test wants them to."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

SERVICES = ("api", "broker", "compute", "conductor", "manage", "network", "page", "scheduler")
STANDIN = pathlib.Path(__file__).with_name("standin.py")


class Standins:
    """A bin folder with a Python and the stand-ins, which `minova up` takes for its installation."""

    def __init__(self, path):
        self.bin = path / "bin"
        self.state_path = path / "state"
        self._started = []
        self.bin.mkdir()
        _copy_environment(path)
        (self.bin / "python").symlink_to(sys.executable)
        for service in SERVICES:
            self.replace(service, f"#!{sys.executable}\n{STANDIN.read_text()}")

    def replace(self, service, script):
        """Let one of the services be this script."""
        path = self.bin / f"minova-{service}"
        path.write_text(script)
        path.chmod(0o755)

    def minova(self, *arguments, **environment):
        """Run a subcommand to its end."""
        command = [self.bin / "python", "-m", "minova.cmd.cli", *arguments, "--state-path", self.state_path]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
        )

    def start_up(self, *arguments):
        """Start `minova up` on free ports; its output goes to a file."""
        command = [self.bin / "python", "-m", "minova.cmd.cli", "up", "--state-path", self.state_path]
        command += ["--api-port", "0", "--broker-port", "0", *arguments]
        output = self.state_path.with_name(f"up-{len(self._started)}.out")
        with output.open("w") as stream:
            up = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        up.output = output
        self._started.append(up)
        return up

    def start_ready(self, *arguments):
        up = self.start_up(*arguments)
        wait_until(lambda: "minova is ready" in up.output.read_text() or up.poll() is not None)
        assert up.poll() is None, up.output.read_text()
        return up

    def record(self):
        """What `minova up` wrote of itself."""
        return json.loads((self.state_path / "up.json").read_text())

    def running(self):
        """Command lines of the stand-ins that live."""
        table = subprocess.run(["ps", "-axwwo", "state=,args="], capture_output=True, text=True).stdout
        return [row for row in table.splitlines() if f"{self.bin}/minova-" in row and not row.startswith("Z")]

    def close(self):
        for up in self._started:
            if up.poll() is None:
                up.send_signal(signal.SIGTERM)
                up.wait(timeout=60)
        # What a test that failed has left.
        self.minova("down")
        assert not self.running()


def wait_until(condition, timeout_seconds=20):
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.02)


def _copy_environment(path):
    """What makes Python beside the stand-ins see the packages of this environment."""
    config = pathlib.Path(sys.prefix) / "pyvenv.cfg"
    if config.exists():
        (path / "pyvenv.cfg").write_bytes(config.read_bytes())
        (path / "lib").symlink_to(pathlib.Path(sys.prefix) / "lib")
