# SPDX-License-Identifier: Apache-2.0
"""/api/services: the processes of `minova up`."""

import flask

from minova.page import sources
from minova.page.endpoints import body
from minova.page.errors import PageError
from minova.up.orders import ACTIONS

bp = flask.Blueprint("services", __name__)
_NOTHING = body.schema({})


@bp.get("/api/services")
def index():
    """200, 503 (`minova up` does not answer):

    {"managed": true,            false where no `minova up` runs; then there are none, and "reason" says so
     "reason": null,
     "services": [{"name": "conductor", "kind": "conductor", "pid": 123 | null,
                   "state": "running" | "paused" | "stopping" | "starting" (soon) | "stopped" (by a user) | "dead",
                   "processes": 1, "memory_bytes": 60000000, "restarts": 0,
                   "outcome": null | "signal SIGKILL",        how it ended
                   "restart_at": null | 1900000000.0,         seconds since the epoch
                   "actions": ["kill", ...]}, ...]}            what may be done to it now
    """
    return sources.current().services.listed()


@bp.post("/api/services/<name>/<action>")
def act(name, action):
    """Body: {}. Actions: kill (SIGKILL), restart, stop (until start), start, pause (SIGSTOP), resume.

    200, 404, 409 (it is not in this state, or no `minova up`): {"done": "a sentence"}
    """
    if action not in ACTIONS:
        raise PageError(404, f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
    body.read(_NOTHING)
    done = sources.current().services.act(name, action)
    sources.current().changes.tell("services", "topology")
    return {"done": done}
