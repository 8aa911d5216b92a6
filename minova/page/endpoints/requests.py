# SPDX-License-Identifier: Apache-2.0
"""/api/requests and /api/messages: what was said on the bus, by request."""

import dataclasses

import flask

from minova.page import recent, sources
from minova.page.endpoints import body
from minova.page.errors import PageError

bp = flask.Blueprint("requests", __name__)
_MOST = 10_000


@bp.get("/api/requests")
def index():
    """?server=UUID only of that server; ?limit=N only the newest.

    200: {"requests": [summary, ...], "total": 12}, newest last, where a summary is

    {"id": "req-...", "title": "boot of web-1",
     "begin": 1900000000.1, "end": 1900000000.9,     seconds since the epoch of the first and last message
     "running": false, "failed": false, "messages": 8,   how many
     "servers": ["<uuid>", ...]}
    """
    wanted = flask.request.args.get("server")
    found = [
        request for request in sources.current().store.requests() if not wanted or wanted in request.servers
    ]
    limit = body.number("limit", _MOST, _MOST)
    return {"requests": [_summary(request) for request in found[-limit:]], "total": len(found)}


@bp.get("/api/requests/<request_id>")
def show(request_id):
    """200, 404:

    {"request": summary (see above),
     "messages": [{"unique_id": "...", "time": 1900000000.1, "kind": "call" | "cast" | "fanout" | "reply",
                   "exchange": "minova", "routing_key": "conductor", "size_bytes": 812, "method": "...",
                   "namespace": "...", "version": "1.0", "sender": "minova-api@box", "recipient": "",
                   "request_id": "req-...", "msg_id": "...", "instances": ["<uuid>"], "failure": "",
                   "ending": true}, ...],          oldest first, without their bodies
     "timeline": [{"name": "...", "kind": "queue" | "work" | "reply" | "wait", "begin": 1.0, "end": 2.0,
                   "message": "<unique_id>"}, ...],
     "svg": "<svg ...>" | null}        the sequence diagram; a message is <g class="message" data-message="<unique_id>">
    """
    request = sources.current().store.request(request_id)
    if request is None:
        raise PageError(404, f"No messages of request {request_id!r} are kept.")
    return {
        "request": _summary(request),
        "messages": [_without_body(message) for message in request.messages],
        "timeline": [],
        "svg": None,
    }


@bp.get("/api/messages/<unique_id>")
def message(unique_id):
    """200, 404:

    {"message": {... as above, "body": {the decoded envelope}},
     "fields": [{"name": "_msg_id", "value": "...", "where": "property" | "envelope" | "payload" | "context",
                 "explanation": "..."}, ...]}
    """
    found = sources.current().store.message(unique_id)
    if found is None:
        raise PageError(404, f"No message {unique_id!r} is kept.")
    return {"message": {**_without_body(found), "body": found.body}, "fields": []}


def _summary(request):
    return {
        "id": request.id,
        "title": request.title,
        "begin": request.begin,
        "end": request.end,
        "running": request.running,
        "failed": request.failed,
        "messages": len(request.messages),
        "servers": request.servers,
    }


def _without_body(message):
    fields = dataclasses.asdict(dataclasses.replace(message, body={}))
    del fields["body"]
    return {"unique_id": recent.unique_id(message), **fields}
