# SPDX-License-Identifier: Apache-2.0
"""One service as a child process: a group of its own, its output in a pipe."""

import contextlib
import os
import signal
import subprocess
import time

from minova.up import plan, processes

_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    # glibc else keeps memory apart for many threads at once: some 10 MB in each busy service.
    "MALLOC_ARENA_MAX": "2",
}


class Process:
    """A started command of the plan."""

    def __init__(self, command, output):
        self.command = command
        self.output = output
        self.started = time.monotonic()
        # Whether its end was told, and whether its output was taken to the end.
        self.told = False
        self.finished = False
        # A new session: Ctrl-C reaches `minova up` alone, which then stops the services in order.
        self._child = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**_ENVIRONMENT, **os.environ, **command.environment},
        )
        os.set_blocking(self.pipe.fileno(), False)

    @property
    def service(self):
        return self.command.service

    @property
    def kind(self):
        return plan.kind_of(self.service)

    @property
    def pid(self):
        """Also the id of the group in which the service's workers are."""
        return self._child.pid

    @property
    def pipe(self):
        return self._child.stdout

    @property
    def exit_code(self):
        """None while it runs; -N when signal N ended it."""
        return self._child.poll()

    def read(self):
        """Pass on what is in the pipe; False at its end."""
        while True:
            try:
                chunk = os.read(self.pipe.fileno(), 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self.output.feed(chunk)

    def terminate(self):
        """Ask the service, which tells its workers; a paused one could not hear it."""
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        self.resume()

    def terminate_workers(self):
        """Ask those whom the service left behind when it ended."""
        self._signal_group(signal.SIGTERM)
        self.resume()

    def kill(self):
        """End the service and whatever it forked."""
        self._signal_group(signal.SIGKILL)

    def pause(self):
        """Stop the service and its workers where they are, until they are resumed."""
        self._signal_group(signal.SIGSTOP)

    def resume(self):
        self._signal_group(signal.SIGCONT)

    @property
    def paused(self):
        return processes.is_paused(self.pid)

    def close(self):
        """Take the last lines, and close the files."""
        self.finished = True
        self.read()
        self.output.close()
        self.pipe.close()

    def gone(self):
        """Whether neither the service nor a worker of it is left."""
        return self.exit_code is not None and not processes.group_exists(self.pid)

    def _signal_group(self, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def outcome(exit_code):
    """`exit code 1` or `signal SIGKILL`."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"
