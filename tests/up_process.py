# SPDX-License-Identifier: Apache-2.0
"""A whole `minova up` on free ports for tests, asked by its API and by the commands that people type."""

import json
import os
import subprocess
import sys

from minova.up import example
from minova.up.api_client import ApiClient
from tests.waiting import wait_until

MINOVA = os.path.join(os.path.dirname(sys.executable), "minova")
STOP_SECONDS = 90
_COMMAND_SECONDS = 90


class UpProcess:
    """Started at once; ``wait_ready()`` before it is used. A context that stops it."""

    def __init__(self, state_path, *arguments):
        self.state_path = state_path
        # The file in which is what it says.
        self.output = state_path.with_name(f"{state_path.name}.out")
        # With these the management API and the page get free ports, too.
        ports = ["--api-port", "0", "--broker-port", "0"]
        command = [MINOVA, "up", "--state-path", state_path, *ports, *arguments]
        with self.output.open("w") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stop()

    def wait_ready(self):
        wait_until(lambda: self.record().get("ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.output.read_text()
        return self

    def record(self):
        path = self.state_path / "up.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def pid(self, service):
        return self.record()["processes"][service]

    @property
    def page_url(self):
        return self.record()["page_url"]

    @property
    def api(self):
        return ApiClient(self.record()["api_url"], timeout_seconds=20)

    def minova(self, *arguments):
        """The subprocess.CompletedProcess of a command on this minova."""
        command = [MINOVA, *arguments, "--state-path", self.state_path]
        return subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS)

    def service(self, *arguments):
        """What `minova service` printed when it did what it was told."""
        done = self.minova("service", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def create(self, name, **fields):
        """Ask for a server; returns its id. ``fields`` are further ones of POST /servers."""
        body = example.server_body(self.api, name)
        body["server"] |= fields
        return self.api.send("POST", "/servers", body)[1]["server"]["id"]

    def boot(self, name, **fields):
        """As create(); returns the server as it is when it is built."""
        return self.wait_built(f"/servers/{self.create(name, **fields)}")

    def wait_built(self, path):
        """The server of a path of the API, as soon as it is ACTIVE or ERROR."""
        wait_until(lambda: self.api.get(path)["server"]["status"] in ("ACTIVE", "ERROR"))
        return self.api.get(path)["server"]

    def status(self, server_id):
        return self.api.get(f"/servers/{server_id}")["server"]["status"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=STOP_SECONDS)
