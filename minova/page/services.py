# SPDX-License-Identifier: Apache-2.0
"""The processes that `minova up` started, and how they are killed, stopped and started from the page."""

from minova.page.errors import PageError
from minova.up import errors, plan, processes, record

ACTIONS = ("kill", "restart", "stop", "start", "pause", "resume")
_NOT_MANAGED = (
    "These services were not started by `minova up`, so the page can neither see nor stop their processes."
)


class Services:
    """What the record of `minova up` on a state path tells."""

    def __init__(self, state_path):
        self._state_path = state_path

    def record(self):
        """The record of the running `minova up`, or None."""
        try:
            return record.running(self._state_path)
        except errors.UpError:
            return None

    def listed(self):
        """See endpoints/services.py for its form."""
        found = self.record()
        if found is None:
            return {"managed": False, "reason": _NOT_MANAGED, "services": []}
        services = [_service(found, name) for name in found.processes if name != "db sync"]
        return {"managed": True, "reason": None, "services": services}

    def act(self, name, action):
        """Do one of ACTIONS to a service; returns what was done, as a sentence.

        :raises PageError: 404 or 409.
        """
        found = self.record()
        if found is None:
            raise PageError(409, _NOT_MANAGED)
        if name not in found.processes or name == "db sync":
            raise PageError(404, f"There is no service {name!r}.")
        raise PageError(501, f"This minova up cannot {action} a service.")


def _service(found, name):
    pid, end = found.processes[name], found.ended.get(name)
    alive = processes.alive(pid)
    count, rss_bytes = processes.group_rss_bytes(pid) if alive else (0, 0)
    return {
        "name": name,
        "kind": plan.kind_of(name),
        "pid": pid if alive else None,
        "state": "running"
        if alive
        else "ended"
        if end is None or end["restart_at"] is None
        else "restarting",
        "processes": count,
        "memory_bytes": rss_bytes,
        "restarts": found.restarts.get(name, 0),
        "outcome": end["outcome"] if end else None,
        "restart_at": end["restart_at"] if end else None,
        "actions": list(ACTIONS),
    }
