# SPDX-License-Identifier: Apache-2.0
"""/api/events: tells a browser what has changed, as server-sent events."""

import dataclasses
import json
import time

import flask

from minova.page import sources
from minova.page.errors import PageError

bp = flask.Blueprint("events", __name__)
# Silence is broken after so long: only by sending is a listener noticed that has gone.
_QUIET_SECONDS = 5
# A storm of messages is told in so many events at most.
_SECONDS_BETWEEN_EVENTS = 0.25
# A browser connects again by itself; one that never reads holds a thread no longer than this.
_LONGEST_SECONDS = 600
_AGAIN_MILLISECONDS = 1000


@bp.get("/api/events")
def follow():
    """200, 503 (too many listeners): text/event-stream. At the beginning and after each change one event:

    event: change
    id: 17
    data: {"version": 17, "what": ["requests", "servers"], "requests": ["req-..."]}

    `what` names what to read again: "state", "requests", "servers" (hosts, too), "services", "topology", "debugger".
    `requests` has the ids that are new or have grown; null: read the whole list. The first event names everything,
    with null. What changes without a message (the depth of a queue, a process that dies) is not told.
    """
    current = sources.current()
    if not current.listeners.enter():
        raise PageError(503, f"{current.listeners.most} pages are open already; close one.")
    stream = flask.Response(_Stream(current.changes, current.listeners), mimetype="text/event-stream")
    stream.headers["Cache-Control"] = "no-store"
    return stream


class _Stream:
    """The events of one listener; the HTTP server closes it when that one has gone."""

    def __init__(self, changes, listeners, clock=time.monotonic):
        self._listeners = listeners
        self._events = _events(changes, clock)
        self._open = True

    def __iter__(self):
        return self._events

    def close(self):
        if self._open:
            self._open = False
            self._listeners.leave()


def _events(changes, clock):
    version, end = changes.version, clock() + _LONGEST_SECONDS
    everything = ["debugger", "requests", "servers", "services", "state", "topology"]
    yield f"retry: {_AGAIN_MILLISECONDS}\n"
    yield _event({"version": version, "what": everything, "requests": None})
    while clock() < end and not changes.closed:
        news = changes.wait(version, _QUIET_SECONDS)
        if news is None:
            yield ": nothing new\n\n"
            continue
        version = news.version
        yield _event(dataclasses.asdict(news))
        changes.pause(_SECONDS_BETWEEN_EVENTS)


def _event(news):
    return f"event: change\nid: {news['version']}\ndata: {json.dumps(news)}\n\n"
