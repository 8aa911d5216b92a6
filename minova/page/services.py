# SPDX-License-Identifier: Apache-2.0
"""The processes that `minova up` started, and how they are killed, stopped and started from the page."""

from minova.page.errors import PageError
from minova.up import control, errors, plan, processes, record

# By state. The page itself can only be restarted here: whoever stopped or killed it would lose the way to start it.
_ACTIONS = {
    "running": ["kill", "restart", "stop", "pause"],
    "paused": ["kill", "restart", "stop", "resume"],
    "stopping": ["kill", "start"],
    "starting": ["stop"],
    "stopped": ["start"],
    "dead": ["start"],
}
_PAGE = "page"
_NOT_MANAGED = (
    "These services were not started by `minova up`, so the page can neither see nor stop their processes."
)


class Services:
    """What the `minova up` of a state path tells.

    :param make_client: makes a control.ControlClient of a record.
    """

    def __init__(self, state_path, make_client=control.ControlClient):
        self._state_path = state_path
        self._make_client = make_client

    def record(self):
        """The record of the running `minova up`, or None."""
        try:
            return record.running(self._state_path)
        except errors.UpError:
            # It is being written for the first time, or is of another version.
            return None

    def listed(self):
        """See endpoints/services.py for its form.

        :raises PageError: 503 when `minova up` does not answer.
        """
        found = self.record()
        if found is None:
            return {"managed": False, "reason": _NOT_MANAGED, "services": []}
        try:
            rows = self._make_client(found).send("list")["services"]
        except errors.UpError as error:
            raise PageError(503, str(error)) from error
        return {"managed": True, "reason": None, "services": [_service(found, row) for row in rows]}

    def act(self, name, action):
        """Do one of orders.ACTIONS to a service; returns what was done, as a sentence.

        :raises PageError: 404 or 409.
        """
        found = self.record()
        if found is None:
            raise PageError(409, _NOT_MANAGED)
        if name not in {*found.processes, *map(plan.kind_of, found.processes)} or name == "db sync":
            raise PageError(404, f"There is no service {name!r}.")
        if name == _PAGE and action != "restart":
            raise PageError(409, f"Not from the page itself; type: minova service {action} page")
        try:
            rows = self._make_client(found).send(action, name)["services"]
        except errors.UpError as error:
            raise PageError(409, str(error)) from error
        return " ".join(row["text"] for row in rows)


def _service(found, row):
    name, state, end = row["service"], row["state"], found.ended.get(row["service"])
    alive = state in ("running", "paused", "stopping")
    count, rss_bytes = processes.group_rss_bytes(row["pid"]) if alive else (0, 0)
    return {
        "name": name,
        "kind": row["kind"],
        "pid": row["pid"] if alive else None,
        "state": state,
        "processes": count,
        "memory_bytes": rss_bytes,
        "restarts": row["restarts"],
        "outcome": end["outcome"] if end else None,
        "restart_at": end["restart_at"] if end else None,
        "actions": ["restart"] if name == _PAGE else _ACTIONS.get(state, []),
    }
