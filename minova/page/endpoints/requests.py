# SPDX-License-Identifier: Apache-2.0
"""/api/requests and /api/messages: what was said on the bus, by request."""

import dataclasses

import flask

from minova.page import sources
from minova.page.endpoints import body
from minova.page.errors import PageError
from minova.trace import fields, svg, timing

bp = flask.Blueprint("requests", __name__)
_MOST = 10_000
# A drawing with more messages than this nobody reads, and no browser scrolls well.
_MOST_MESSAGES = 500


@bp.get("/api/requests")
def index():
    """?server=UUID only those about that server; ?id=... (may be repeated) only these; ?routine=no without those that
    are about no server, such as heartbeats; ?limit=N only the newest N.

    200, 400: {"requests": [summary, ...], "total": 12, "forgotten_messages": 0}, newest last. The total counts
    those beyond the limit, too. Messages are forgotten where memory is limited, see [page] kept_messages. A summary is

    {"id": "req-...", "title": "boot of web-1",
     "begin": 1900000000.1, "end": 1900000000.9,     seconds since the epoch of the first and last thing that happened
     "running": false, "failed": false, "messages": 8, "bytes": 12345,
     "lanes": ["api", "conductor", ...],
     "action": "boot",       or "delete", "start", "stop", "reboot", "evacuation", "heartbeat", ...
     "servers": {"<uuid>": "web-1" or ""}}

    `failed` is what was said on the bus: an exception in a reply, a call without an answer, a message lost. What
    the records say of it stands in /api/outcomes. The request "no-request" has the messages of which
    no request is known.
    """
    limit = body.number("limit", _MOST, _MOST)
    found = [summary for summary in sources.current().summaries.all() if _is_wanted(summary)]
    forgotten = sources.current().store.forgotten_messages
    return {"requests": found[-limit:], "total": len(found), "forgotten_messages": forgotten}


@bp.get("/api/requests/<wanted>")
def show(wanted):
    """A request's id, or a server's uuid or name: then all that was said about the server, in one.

    200, 404:

    {"request": summary (see above),
     "shown": 8,             how many of its messages the rest is about: the first 500 of many
     "messages": [{"unique_id": "...", "time": 1900000000.1, "kind": "call" | "cast" | "fanout" | "reply",
                   "exchange": "minova", "routing_key": "conductor", "size_bytes": 812, "method": "...",
                   "namespace": "...", "version": "1.0", "sender": "minova-api@box", "recipient": "",
                   "request_id": "req-...", "msg_id": "...", "instances": ["<uuid>"], "names": {"<uuid>": "web-1"},
                   "failure": "", "ending": true, "queues": ["conductor"],
                   "delivered": [{"queue": "conductor", "time": 1900000000.2}],
                   "notes": [{"time": 1900000000.2, "what": "held" | "released" | "dropped" | "delayed" | "duplicated" |
                              "corrupted" | "timed_out" | "unrouted", "text": "..."}],
                   "properties": {...}, "envelope_version": "2.0"}, ...],       oldest first, without their bodies
     "timeline": [{"name": "...", "kind": "queue" | "work" | "reply" | "wait", "begin": 1.0, "end": 2.0,
                   "message": "<unique_id>", "lane": "conductor"}, ...],
     "svg": "<svg ...>"}      the sequence diagram without its style, which is /trace.css; a message in it is a
                              <g class="message" data-message="<unique_id>">
    """
    found = sources.current().store.find(wanted)
    if found is None:
        raise PageError(404, f"No messages of {wanted!r} are kept.")
    summary = found.summary()
    shown = dataclasses.replace(found, messages=found.messages[:_MOST_MESSAGES])
    return {
        "request": summary,
        "shown": len(shown.messages),
        "messages": [_without_body(message) for message in shown.messages],
        "timeline": timing.timeline(shown),
        "svg": svg.draw(shown, style=False),
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
    return {"message": found.to_dict(), "fields": fields.explain(found)}


def _is_wanted(summary):
    """Whether the query string of this request asks for a summary."""
    wanted = flask.request.args
    server, ids = wanted.get("server"), wanted.getlist("id")
    is_routine = not summary["servers"]
    return (
        (not server or server in summary["servers"])
        and (not ids or summary["id"] in ids)
        and not (is_routine and wanted.get("routine") == "no")
    )


def _without_body(message):
    return {name: value for name, value in message.to_dict().items() if name != "body"}
