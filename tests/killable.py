# SPDX-License-Identifier: Apache-2.0
"""A cloud whose services can be killed and stopped at chosen points, and whose truth can be checked."""

import contextlib
import pathlib
import signal
import subprocess
import sys

from oslo_config import fixture as config_fixture

import minova.conf
from minova import exception
from minova.chaos import checks
from minova.db import default_data, engine, instances
from minova.virt.store import Store
from tests import injection
from tests.cloud import Cloud

# Short, so that a test takes seconds; longer than a heartbeat, so that who works keeps its task.
FAST = {
    "DEFAULT": {"report_interval": 0.3, "service_down_time": 30},
    "task": {"deadline_seconds": 1, "sweep_interval": 0.1, "max_takeovers": 20},
    "scheduler": {"rpc_timeout": 1, "query_deadline": 20},
    "conductor": {"rpc_timeout": 1},
    "network": {"rpc_timeout": 1, "release_interval": 1},
    "compute": {"reconcile_interval": 1},
}
SETTLED_SECONDS = 60
_FIRES_SECONDS = 30
NETWORKS = [{"uuid": default_data.fixed_id("network", "private")}]


class KillableCloud(Cloud):
    """Its services run under tests/injection.py; start them by ``start_controlled``."""

    def __init__(self, path, options=FAST, **arguments):
        self._controls = {}
        self._clock_seconds = 0
        super().__init__(path, options=options, **arguments)
        self._conf = config_fixture.Config(minova.conf.CONF)
        self._conf.setUp()
        self._conf.conf(["--config-file", str(self.config_path)], project="minova", default_config_files=[])
        self.database = engine.Database()
        self.hypervisors = Store(str(path / "state"))

    def close(self):
        self.hypervisors.close()
        self.database.dispose()
        self._conf.cleanUp()
        super().close()

    def start(self, name, *arguments, clock_seconds=0):
        """As Cloud.start; the clock of the new service is ``clock_seconds`` ahead."""
        self._control = injection.Control(self.path / f"control-{len(self.processes)}")
        self._clock_seconds = clock_seconds
        process = super().start(name, *arguments)
        self._controls[process] = self._control
        return process

    def launcher(self, name):
        program = pathlib.Path(injection.__file__)
        return [
            sys.executable,
            "-P",
            program,
            self._control.directory,
            str(self._clock_seconds),
            f"minova-{name}",
        ]

    def arm(self, process, point):
        self._controls[process].arm(point)

    def wait_until_fired(self, process):
        """Wait until the armed point killed or stopped the process."""
        control = self._controls[process]
        self.wait_for(control.has_fired, f"{process.name} at its point", _FIRES_SECONDS)
        self.wait_for(lambda: state_of(process.pid) in ("Z", "T"), f"{process.name} dead or stopped", 10)

    def revive(self, process):
        """Start a process again that was killed."""
        process.reap()
        process.start()

    def answers(self):
        """Whether the API answers."""
        with contextlib.suppress(OSError):
            return self.request("GET", "/")[0] < 400
        return False

    def find(self, name):
        """The id of the server of this name; None when there is none or the API is away."""
        with contextlib.suppress(OSError):
            status, answer = self.request("GET", f"/v2.1/servers?name={name}")
            if status == 200 and answer["servers"]:
                return answer["servers"][0]["id"]
        return None

    def wake(self, process):
        process.send_signal(signal.SIGCONT)

    def record(self, uuid):
        """The instance as it is on record, None when it is deleted."""
        with self.database.reader() as conn, contextlib.suppress(exception.InstanceNotFound):
            return instances.get(conn, uuid)
        return None

    def wait_until_well(self, timeout_seconds=SETTLED_SECONDS):
        """Wait until all that has to be true at rest is true."""
        found = ["never checked"]

        def is_well():
            found[:] = checks.check(self.database, self.hypervisors)
            return not found

        self.wait_for(is_well, lambda: "\n".join(found), timeout_seconds)


def state_of(pid):
    """The first letter of a process's state: T for one that is stopped, Z for one that is dead."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] or "Z"
