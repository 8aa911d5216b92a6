# SPDX-License-Identifier: Apache-2.0
"""/api/servers, /api/hosts and /api/choices: what the Compute API tells, and what one may do to servers.

All of them also answer 503 when the Compute API is away.
"""

import flask

from minova.page import sources
from minova.page.cloud import ACTIONS
from minova.page.endpoints import body
from minova.page.errors import PageError

bp = flask.Blueprint("cloud", __name__)
_MOST_AT_ONCE = 100
_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
_METADATA = {
    "type": "object",
    "additionalProperties": {"type": "string", "maxLength": 255},
    "maxProperties": 128,
}
_BOOT = body.schema(
    {
        "name": _TEXT,
        "flavor": _TEXT,
        "image": _TEXT,
        "count": {"type": "integer", "minimum": 1, "maximum": _MOST_AT_ONCE},
        "host": _TEXT,
        "metadata": _METADATA,
    },
    required=("name", "flavor", "image"),
)
_NOTHING = body.schema({})


@bp.get("/api/servers")
def servers():
    """200: {"servers": [...]}, newest first, 500 at most, each

    {"id": "<uuid>", "name": "web-1", "status": "ACTIVE", "vm_state": "active", "task_state": null,
     "host": "host1" | null, "flavor": "1", "image": "<uuid>" | null, "addresses": ["10.0.0.3"], "metadata": {},
     "created": "2030-01-01T10:00:00Z", "updated": "2030-01-01T10:00:01Z", "fault": null | "No valid host ..."}
    """
    return {"servers": sources.current().cloud.servers()}


@bp.get("/api/hosts")
def hosts():
    """200: {"hosts": [...]}, each

    {"host": "host1", "state": "up" | "down", "status": "enabled" | "disabled", "vcpus": 8, "vcpus_used": 1,
     "memory_mb": 32768, "memory_mb_used": 64, "local_gb": 1024, "local_gb_used": 1, "running_vms": 1,
     "reported_at": "2030-01-01T10:00:00.000000"}     the last report of its compute, UTC
    """
    return {"hosts": sources.current().cloud.hosts()}


@bp.get("/api/choices")
def choices():
    """200: what one may boot:

    {"flavors": [{"id": "1", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1}, ...],
     "images": [{"id": "<uuid>", "name": "..."}, ...]}
    """
    return sources.current().cloud.choices()


@bp.post("/api/servers")
def boot():
    """Body: {"name": "web", "flavor": "1", "image": "<uuid>"}, and where wanted "count": 3 (1 to 100), "host": "host1",
    "metadata": {"minova:spawn_seconds": "2"}.

    202, 400, 403 (quota): {"id": "<uuid of the first>", "request_id": "req-..."}
    """
    wanted = body.read(_BOOT)
    server_id, request_id = sources.current().cloud.boot(_server(wanted))
    return {"id": server_id, "request_id": request_id}, 202


@bp.delete("/api/servers/<server_id>")
def delete(server_id):
    """202, 404: {"request_id": "req-..."}"""
    return {"request_id": sources.current().cloud.delete(server_id)}, 202


@bp.post("/api/servers/<server_id>/<action>")
def act(server_id, action):
    """Body: {}. Actions: reboot, stop, start, evacuate (to any host).

    202, 400 (nothing leaves a host that is up), 404, 409 (its state forbids that): {"request_id": "req-..."}
    """
    if action not in ACTIONS:
        raise PageError(404, f"There is no action {action!r}; there are {', '.join(ACTIONS)}.")
    body.read(_NOTHING)
    return {"request_id": sources.current().cloud.act(server_id, action)}, 202


def _server(wanted):
    """The body of POST /servers."""
    server = {"name": wanted["name"], "flavorRef": wanted["flavor"], "imageRef": wanted["image"]}
    if "count" in wanted:
        server |= {"min_count": wanted["count"], "max_count": wanted["count"]}
    if "host" in wanted:
        server["availability_zone"] = f"nova:{wanted['host']}"
    if "metadata" in wanted:
        server["metadata"] = wanted["metadata"]
    return server
