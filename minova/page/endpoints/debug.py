# SPDX-License-Identifier: Apache-2.0
"""/api/debug: hold messages, let them go one by one, and break them, on the embedded broker.

All of them but the first answer 409 where the broker is another.
"""

import flask

from minova.debug.options import PATTERNS
from minova.page import sources
from minova.page.endpoints import body

bp = flask.Blueprint("debug", __name__)
# The broker says in a sentence which values it takes.
_MATCH: dict = {**dict.fromkeys(PATTERNS, {}), "kinds": {}}
_HOLD = body.schema(_MATCH)
_FAULT_FIELDS = ("action", "delay_seconds", "probability", "skip", "count", "expires_seconds", "seed")
_FAULT = body.schema({**_MATCH, **dict.fromkeys(_FAULT_FIELDS, {})}, required=("action",))
_STEP = body.schema({"id": {"type": "integer"}})


@bp.get("/api/debug")
def index():
    """200:

    {"available": true, "reason": null | "Holds and faults on the bus need the embedded broker; ...",
     "holds": [{"id": 1, "method": "build_*" | null, "routing_key": null, "exchange": null, "host": null,
                "server": null, "kinds": [], "count": 2,                      messages that it has held
                "created_at": 1900000000.0}, ...],
     "held": [{"id": 7, "hold": 1, "since": 1900000000.0, "age_seconds": 1.5, "queue": "conductor",
               "exchange": "minova", "routing_key": "conductor", "size_bytes": 812, "redelivered": false,
               "servers": ["<uuid>"], "server_names": ["web-1"], "hosts": [], "kind": "cast", "method": "...",
               "namespace": "...", "sender": "minova-api@box", "request_id": "req-...", "msg_id": "...",
               "unique_id": "..."}, ...],                                    oldest first
     "faults": [{"id": 1, "action": "drop" | "delay" | "duplicate" | "corrupt", patterns as of a hold, "kinds": [],
                 "delay_seconds": 0, "probability": 1, "skip": 0, "count": null | 5, "seed": 7,
                 "expires_at": null | 1900000000.0, "hits": 3, "strikes": 1, "spent": false}, ...]}
    """
    return _debugger().look()


@bp.get("/api/debug/held/<int:number>")
def held_message(number):
    """200, 404: as above, and "properties": {...}, "payload": "{...}", "payload_encoding": "string" | "base64"."""
    return _debugger().held_message(number)


@bp.post("/api/debug/holds")
def add_hold():
    """Body: patterns and kinds of a hold, of which one has to be given. 201, 400: the hold."""
    return _changed(_debugger().add_hold(body.read(_HOLD))), 201


@bp.delete("/api/debug/holds")
@bp.delete("/api/debug/holds/<int:number>")
def clear_holds(number=None):
    """200, 404: {"cleared": 1, "released": 2}: of all, or of one."""
    return _changed(_debugger().clear_holds(number))


@bp.post("/api/debug/step")
def step():
    """Body: {"id": 7}, or {} for the oldest. 200, 404 (nothing is held): the message as it was held."""
    return _changed(_debugger().step(body.read(_STEP).get("id")))


@bp.post("/api/debug/faults")
def add_fault():
    """Body: {"action": "delay", "delay_seconds": 2, "method": "build_*", "probability": 0.3, "count": 5,
    "expires_seconds": 60, "skip": 0, "seed": 7} and further patterns. 201, 400: the fault."""
    return _changed(_debugger().add_fault(body.read(_FAULT))), 201


@bp.delete("/api/debug/faults")
@bp.delete("/api/debug/faults/<int:number>")
def clear_faults(number=None):
    """200, 404: {"cleared": 1}: of all, or of one."""
    return _changed(_debugger().clear_faults(number))


def _debugger():
    return sources.current().debugger


def _changed(answer):
    sources.current().changes.tell("debugger")
    return answer
