# SPDX-License-Identifier: Apache-2.0
"""A whole minova of real processes for tests, each started by hand as a user would, each killable."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import time

from tests import broker_process, http_client
from tests.free_ports import free_port

_SCRIPTS = pathlib.Path(sys.executable).parent
_START_SECONDS = 90
_STOP_SECONDS = 60


class Process:
    """One service; its output goes to ``log_path``."""

    def __init__(self, name, command, log_path):
        self.name = name
        self.log_path = log_path
        self._command = command
        self.start()

    @property
    def pid(self):
        return self._popen.pid

    def start(self):
        with open(self.log_path, "a") as log:
            self._popen = subprocess.Popen(self._command, stdout=log, stderr=log)

    def send_signal(self, number):
        self._popen.send_signal(number)

    def ask_to_stop(self):
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)

    def stop(self):
        """Ask it to stop; returns its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self):
        return self._end(signal.SIGKILL)

    def is_running(self):
        return self._popen.poll() is None

    def reap(self):
        """Wait for the end of a process that was killed by somebody else."""
        self._popen.wait(timeout=_STOP_SECONDS)

    def log(self):
        return self.log_path.read_text()

    def _end(self, number):
        if self._popen.poll() is None:
            self._popen.send_signal(number)
        try:
            return self._popen.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            raise AssertionError(f"{self.name} did not stop in {_STOP_SECONDS} s:\n{self.log()}") from None


class Cloud:
    """Processes that share a broker, a database and a configuration file; a context that ends them all.

    :param transport_url: a RabbitMQ; None starts an embedded broker.
    :param database_url: None is an SQLite file.
    :param options: {group: {option: value}} beside what the cloud itself needs.
    """

    def __init__(self, path, transport_url=None, database_url=None, options=None):
        self.path = path
        self.processes = []
        self.broker = None
        if transport_url is None:
            self.broker = broker_process.start_broker(path)
            transport_url = self.broker.url
        self.transport_url = transport_url
        self.api_port = free_port()
        self.config_path = path / "minova.conf"
        self.config_path.write_text(self._config(transport_url, database_url, options or {}))
        self.run("manage", "db", "sync")

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def run(self, name, *arguments):
        """Run a command to its end and return what it prints; it has to succeed."""
        command = [_SCRIPTS / f"minova-{name}", "--config-file", str(self.config_path), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{name} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name, *arguments):
        """Start one service, without waiting for it."""
        log_path = self.path / f"{name}-{len(self.processes)}.log"
        command = [*self.launcher(name), "--config-file", self.config_path, *arguments]
        process = Process(name, command, log_path)
        self.processes.append(process)
        return process

    def launcher(self, name):
        """The beginning of the command that runs a service."""
        return [_SCRIPTS / f"minova-{name}"]

    def start_all(self, *compute_arguments):
        """Start one of each service and wait until all report; returns them by name."""
        started = {name: self.start(name) for name in ("conductor", "scheduler", "network", "api")}
        started["compute"] = self.start("compute", *compute_arguments)
        self.wait_until_up(5)
        return started

    def wait_until_up(self, count):
        """Wait until at least ``count`` services are listed as up."""
        self.wait_for(lambda: self._count_up() >= count, f"{count} services up", _START_SECONDS)

    def ask(self, method, path, body=None, headers=()):
        """The http_client.Answer to one request to the API."""
        return http_client.ask(self.api_port, method, path, body, headers)

    def request(self, method, path, body=None, headers=()):
        """One request to the API: (status, decoded body or None)."""
        answer = self.ask(method, path, body, headers)
        return answer.status, answer.document

    def boot(self, name="bar", **server):
        """Ask for a server of the smallest flavor; returns its id."""
        body = {"name": name, "flavorRef": "1", "imageRef": self.image(), **server}
        status, answer = self.request("POST", "/v2.1/servers", {"server": body})
        assert status == 202, answer
        return answer["server"]["id"]

    def image(self):
        return self.request("GET", "/v2.1/images")[1]["images"][0]["id"]

    def server(self, uuid):
        return self.request("GET", f"/v2.1/servers/{uuid}")[1].get("server")

    def act(self, uuid, action, value=None):
        status, answer = self.request("POST", f"/v2.1/servers/{uuid}/action", {action: value})
        assert status == 202, answer

    def wait_for_status(self, uuid, status, timeout_seconds=90):
        """Wait until a server settled in ``status``; returns it."""

        def settled():
            server = self.server(uuid)
            return server if server["status"] == status and not server["OS-EXT-STS:task_state"] else None

        return self.wait_for(settled, lambda: f"{status}, but it is {self.server(uuid)}", timeout_seconds)

    def wait_until_gone(self, uuid, timeout_seconds=90):
        path = f"/v2.1/servers/{uuid}"
        self.wait_for(lambda: self.request("GET", path)[0] == 404, f"{uuid} gone", timeout_seconds)

    def wait_for(self, condition, what, timeout_seconds):
        """Wait until ``condition`` gives something true and return that."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.03)
        description = what() if callable(what) else what
        raise AssertionError(f"not in {timeout_seconds} s: {description}\n{self._logs()}")

    def close(self):
        """Stop everything; whatever had to be killed is an error."""
        with contextlib.ExitStack() as stack:
            if self.broker:
                stack.callback(self.broker.stop)
            for process in self.processes:
                process.ask_to_stop()
                stack.callback(process.stop)

    def _count_up(self):
        try:
            status, answer = self.request("GET", "/v2.1/os-services")
        except (OSError, ValueError):
            return 0
        services = answer["services"] if status == 200 else []
        return sum(service["state"] == "up" for service in services)

    def _config(self, transport_url, database_url, options):
        groups = {
            "DEFAULT": {
                "transport_url": transport_url,
                "state_path": self.path / "state",
                "host": "controller",
            },
            # Most tests start what they need one after the other, and some no host at all.
            "api": {"port": self.api_port, "host_patience": 0},
        }
        if database_url:
            groups["database"] = {"connection": database_url}
        for group, values in options.items():
            groups.setdefault(group, {}).update(values)
        lines = []
        for group, values in groups.items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in values.items())]
        return "\n".join([*lines, ""])

    def _logs(self):
        return "\n".join(f"--- {p.log_path.name}\n{p.log()[-3000:]}" for p in self.processes)
