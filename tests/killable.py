# SPDX-License-Identifier: Apache-2.0
"""A cloud whose services can be killed and stopped at chosen points, and whose truth can be checked."""

import contextlib
import itertools
import pathlib
import signal
import subprocess
import sys

from oslo_config import fixture as config_fixture

import minova.conf
from minova.chaos import checks
from minova.db import default_data, engine, instances
from minova.virt import guests
from minova.virt.store import Store
from tests import injection
from tests.cloud import Cloud

# Short, so that a test takes seconds; longer than a heartbeat, so that who works keeps its task.
FAST = {
    "DEFAULT": {"report_interval": 0.3, "service_down_time": 30, "graceful_shutdown_timeout": 5},
    "task": {"deadline_seconds": 1, "sweep_interval": 0.1, "max_takeovers": 20},
    "scheduler": {"rpc_timeout": 2, "query_deadline": 20},
    "conductor": {"rpc_timeout": 2},
    "network": {"rpc_timeout": 2, "query_deadline": 20, "release_interval": 1},
    "compute": {"reconcile_interval": 1},
}
SETTLED_SECONDS = 120
_FIRES_SECONDS = 90
NETWORKS = [{"uuid": default_data.fixed_id("network", "private")}]


class KillableCloud(Cloud):
    """Its services run under tests/injection.py; start them by ``start_controlled``."""

    def __init__(self, path, options=FAST, **arguments):
        self._controls = {}
        self._numbers = itertools.count()
        self._clock_seconds = 0
        super().__init__(path, options=options, **arguments)
        self._conf = config_fixture.Config(minova.conf.CONF)
        self._conf.setUp()
        self._conf.conf(["--config-file", str(self.config_path)], project="minova", default_config_files=[])
        self.database = engine.Database()
        self._sqlite_path = (
            self.database.engine.url.database if self.database.engine.name == "sqlite" else None
        )
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

    def arm(self, point, *processes):
        """Have the first of ``processes`` that comes to a point killed or stopped there."""
        self._marker = self.path / f"fired-{next(self._numbers)}"
        for process in processes:
            self._controls[process].arm(point, self._marker, self._sqlite_path)

    def wait_until_fired(self):
        """Wait until a process was killed or stopped at its point; returns it."""
        self.wait_for(self._marker.exists, "a process at its point", _FIRES_SECONDS)
        pid = int(self._marker.read_text())
        self.wait_for(lambda: _state_of(pid) in ("Z", "T"), f"{pid} dead or stopped", 90)
        return next(process for process in self.processes if process.pid == pid)

    def revive(self, process):
        """Start a process again that was killed."""
        process.reap()
        process.start()

    def force_down(self, host, down=True):
        """Have a host taken for down, whether it is or not."""
        body = {"host": host, "binary": "minova-compute", "forced_down": down}
        status, answer = self.request("PUT", "/v2.1/os-services/force-down", body)
        assert status == 200, answer

    def evacuate(self, uuid):
        path, wanted = f"/v2.1/servers/{uuid}/action", {"evacuate": {"onSharedStorage": False}}
        status, answer = self.request("POST", path, wanted)
        assert (status, list(answer)) == (200, ["adminPass"]), answer

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

    def guests_of(self, uuid):
        """The hosts on which the hypervisor holds a guest of an instance."""
        with self.hypervisors.read() as connection:
            return [guest.host for guest in guests.everywhere(connection) if guest.uuid == uuid]

    def wake(self, process):
        process.send_signal(signal.SIGCONT)

    def wait_until_taken_over(self, name, times=1):
        """Wait until the task of the server of this name was taken over so often, or is done."""

        def is_so():
            row = self._record(name)
            said = f"[instance: {row.uuid}] taking over task"
            return row.task_id is None or sum(each.log().count(said) for each in self.processes) >= times

        self.wait_for(is_so, f"{name} taken over", 90)

    def wait_until_well(self, timeout_seconds=SETTLED_SECONDS):
        """Wait until all that has to be true at rest is true."""
        found = ["never checked"]

        def is_well():
            found[:] = checks.check(self.database, self.hypervisors)
            return not found

        self.wait_for(is_well, lambda: "\n".join(found), timeout_seconds)

    def _record(self, name):
        with self.database.reader() as conn:
            table = instances.instances
            return conn.execute(table.select().where(table.c.display_name == name)).one()


@contextlib.contextmanager
def away(process, how):
    """A process is gone, "dead" or "asleep", and afterwards returns."""
    if how == "dead":
        process.kill()
    else:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if how == "dead":
            process.start()
        else:
            process.send_signal(signal.SIGCONT)


def _state_of(pid):
    """The first letter of a process's state: T for one that is stopped, Z for one that is dead."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] or "Z"
