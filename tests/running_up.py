# SPDX-License-Identifier: Apache-2.0
"""A `minova up` for tests: on free ports, with a state path of its own, asked by the commands that people type."""

import json
import os
import subprocess
import sys
import time

from minova.up import example
from minova.up.api_client import ApiClient

MINOVA = os.path.join(os.path.dirname(sys.executable), "minova")
WAIT_SECONDS = 120


class Up:
    """Started and ready; ``stop()`` ends it."""

    def __init__(self, state_path, *arguments, page=False):
        self.state_path = state_path
        self.output = state_path.with_name(f"{state_path.name}.out")
        ports = ["--api-port", "0", "--broker-port", "0", "--management-port", "0"]
        ports += ["--page-port", "0"] if page else ["--no-page"]
        command = [MINOVA, "up", "--state-path", state_path, *ports, *arguments]
        with self.output.open("w") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        wait_until(lambda: self.record().get("ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.output.read_text()

    def record(self):
        path = self.state_path / "up.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def pid(self, service):
        return self.record()["processes"][service]

    @property
    def api(self):
        return ApiClient(self.record()["api_url"], timeout_seconds=20)

    def minova(self, *arguments):
        command = [MINOVA, *arguments, "--state-path", self.state_path]
        return subprocess.run(command, capture_output=True, text=True, timeout=90)

    def service(self, *arguments):
        """What `minova service` printed when it did what it was told."""
        done = self.minova("service", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def create(self, name, **metadata):
        """Ask for a server; returns its id."""
        body = example.server_body(self.api, name)
        body["server"]["metadata"] = {
            key.replace("minova_", "minova:"): value for key, value in metadata.items()
        }
        _, answer = self.api.send("POST", "/servers", body)
        return answer["server"]["id"]

    def status(self, server_id):
        return self.api.get(f"/servers/{server_id}")["server"]["status"]

    def boot(self, name, **metadata):
        """Ask for a server, and wait until it is ACTIVE or in ERROR; returns its id."""
        server_id = self.create(name, **metadata)
        wait_until(lambda: self.status(server_id) != "BUILD")
        return server_id

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=90)


def wait_until(condition, timeout_seconds=WAIT_SECONDS):
    deadline = time.monotonic() + timeout_seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.05)
    return result
