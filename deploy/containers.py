# SPDX-License-Identifier: Apache-2.0
"""Services of docker-compose.yml as containers that share this machine's network; see check_image.py."""

import os
import pathlib
import signal
import subprocess
import time

from deploy import compose, image

_CONFIG_VOLUME = f"{image.ROOT}/deploy/minova.conf:/etc/minova/minova.conf:ro"
_HEALTHY_SECONDS = 120
_BETWEEN_PROBES_SECONDS = 0.5
# Not in the specification: there every container has a network of its own.
_PORTS = ("OS_API__PORT", "OS_PAGE__PORT")
# buildah run, its runtime, its exec, and then the command itself.
_DEPTH_OF_COMMAND = 3


class ServiceContainer:
    """One container and the process of its service.

    :param settings: environment variables that take the place of the specification's own.
    :param replacements: {text: other text} for the health check.
    """

    def __init__(self, name, specification, container, settings, replacements, log_path):
        self.name = name
        self._specification = specification
        self._container = container
        own = specification["environment"]
        self._environment = own | {
            key: value for key, value in settings.items() if key in own or key in _PORTS
        }
        self._replacements = replacements
        self._log_path = pathlib.Path(log_path)
        self._process = None

    def run(self):
        """Run the command to its end.

        :raises CheckError: when it fails.
        """
        image.run(*self._command(self._specification["command"]))

    def start(self):
        with open(self._log_path, "w") as log:
            self._process = subprocess.Popen(
                self._command(self._specification["command"]), stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_healthy(self):
        """:raises CheckError: when the health check has not succeeded in time, or the service has ended."""
        deadline = time.monotonic() + _HEALTHY_SECONDS
        while True:
            answer = subprocess.run(self._command(self._health_check()), capture_output=True, text=True)
            if answer.returncode == 0:
                return
            if self._process.poll() is not None:
                raise image.CheckError(
                    f"{self.name} ended with {self._process.returncode}:\n{self._last_lines()}"
                )
            if time.monotonic() > deadline:
                raise image.CheckError(
                    f"{self.name} is not healthy: {answer.stderr[-500:]}\n{self._last_lines()}"
                )
            time.sleep(_BETWEEN_PROBES_SECONDS)

    def tell_to_stop(self):
        """Send what a container engine sends, to the process that would be the container's first.

        buildah itself would not hand it on: on SIGTERM it kills the command.
        """
        pids = [self._process.pid]
        for _ in range(_DEPTH_OF_COMMAND):
            pids = [child for pid in pids for child in _children(pid)]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)

    def wait_until_stopped(self):
        """:raises CheckError: when the service does not end in time, or not with 0."""
        grace_seconds = compose.seconds(self._specification["stop_grace_period"])
        try:
            status = self._process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired as err:
            raise image.CheckError(f"{self.name} still runs {grace_seconds} s after SIGTERM") from err
        if status != 0:
            raise image.CheckError(f"{self.name} ended with {status} on SIGTERM:\n{self._last_lines()}")

    def kill(self):
        """End it whatever it does; for the way out after an error."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _health_check(self):
        form, *command = self._specification["healthcheck"]["test"]
        if form != "CMD":
            raise image.CheckError(f"{self.name}: a health check of form {form} is not understood here")
        for text, other in self._replacements.items():
            command = [word.replace(text, other) for word in command]
        return command

    def _command(self, command):
        environment = [f"--env={name}={value}" for name, value in self._environment.items()]
        options = ["--isolation=chroot", f"--volume={_CONFIG_VOLUME}", *environment]
        return ["buildah", "run", *options, self._container, "--", *command]

    def _last_lines(self):
        return "\n".join(self._log_path.read_text().splitlines()[-20:])


def _children(pid):
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in threads for child in path.read_text().split()]
