# SPDX-License-Identifier: Apache-2.0
"""A whole `minova up` on free ports for tests, with its page."""

import json
import os
import subprocess
import sys
import time

from minova.up import example
from minova.up.api_client import ApiClient

MINOVA = os.path.join(os.path.dirname(sys.executable), "minova")
START_SECONDS = 90
STOP_SECONDS = 90


class UpProcess:
    """Started at once; ``wait_ready()`` before it is used."""

    def __init__(self, state_path, *arguments):
        self.state_path = state_path
        self._output = state_path.with_name(f"{state_path.name}.out")
        ports = [text for name in ("api", "broker", "page") for text in (f"--{name}-port", "0")]
        command = [MINOVA, "up", "--state-path", state_path, *ports, *arguments]
        with self._output.open("w") as stream:
            self._process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)

    def wait_ready(self):
        wait_until(lambda: self.record().get("ready") or self._process.poll() is not None, START_SECONDS)
        assert self._process.poll() is None, self._output.read_text()
        return self

    def record(self):
        path = self.state_path / "up.json"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def page_url(self):
        return self.record()["page_url"]

    @property
    def api(self):
        return ApiClient(self.record()["api_url"], timeout_seconds=10)

    def boot(self, name, **fields):
        """The new server as it is when it is built; ``fields`` are further ones of POST /servers."""
        body = example.server_body(self.api, name)
        body["server"] |= fields
        return self.wait_built(f"/servers/{self.api.send('POST', '/servers', body)[1]['server']['id']}")

    def wait_built(self, path):
        """The server of a path of the API, as soon as it is ACTIVE or ERROR."""
        wait_until(lambda: self.api.get(path)["server"]["status"] in ("ACTIVE", "ERROR"))
        return self.api.get(path)["server"]

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(timeout=STOP_SECONDS)


def wait_until(condition, timeout_seconds=60):
    """:raises AssertionError: when it does not come true in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.05)
