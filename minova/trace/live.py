# SPDX-License-Identifier: Apache-2.0
"""Follows the bus in a terminal: as diagrams, request by request, or as lines of JSON for programs."""

import collections
import json
import time

from minova.trace import events, line, text
from minova.trace.request import Request
from minova.trace.store import DEFAULT_LIMIT, NO_REQUEST, Store

_TAKE_SECONDS = 0.2
# A line of JSON waits so long for the deliveries of its message.
_DELIVERY_SECONDS = 0.5


def follow(source, views):
    """Show all that comes from a Buffer or a Replay in each view."""
    try:
        while True:
            taken, dropped = source.take(_TAKE_SECONDS)
            if taken is None:
                return
            lost = source.lost_copies()
            for view in views:
                if dropped or lost:
                    view.tell_dropped(dropped)
                view.show(taken)
    finally:
        # Also when Ctrl-C ended it: what still waits is told.
        for view in views:
            view.close()


class Gate:
    """Lets through the events of the requests that are wanted.

    A request about a server may name it only later; what was said in it before is then let through too.
    """

    def __init__(self, wanted):
        self._wanted = wanted
        self._store = Store()
        self._waiting = {}

    def sort(self, taken):
        """[(request, its events)] of those that are wanted."""
        touched = {}
        for event in taken:
            self._store.add(event)
            touched[event.message.request_id] = True
            self._waiting.setdefault(event.message.request_id, []).append(event)
        found = [(self._find(request_id), request_id) for request_id in touched]
        self._forget()
        return [
            (request, [event for event in self._waiting.pop(request_id) if self._wanted.wants(event.message)])
            for request, request_id in found
            if self._wanted.wants_request(request)
        ]

    def _find(self, request_id):
        """The request as far as the store still has it, and with all that waits: much may come at once."""
        request = self._store.find_of(request_id) or Request(request_id or NO_REQUEST)
        kept = set(map(id, request.messages))
        waiting = {id(event.message): event.message for event in self._waiting[request_id]}
        request.messages[:0] = [message for key, message in waiting.items() if key not in kept]
        return request

    def _forget(self):
        """What the store has no room for waits no longer."""
        if len(self._waiting) > DEFAULT_LIMIT:
            kept = {request.id for request in self._store.requests()}
            self._waiting = {
                key: value for key, value in self._waiting.items() if (key or NO_REQUEST) in kept
            }


class TextView:
    """Blocks of messages of one request each, in lanes.

    :param wanted: a filters.Filter.
    :param columns: called for each block, since a terminal may get another width meanwhile.
    :param say: takes a line.
    """

    def __init__(self, wanted, columns, say):
        self._gate = Gate(wanted)
        self._columns = columns
        self._say = say
        # Request id and lanes of the last block.
        self._last = None

    def show(self, taken):
        for request, told in self._gate.sort(taken):
            # Of a delivery a terminal says nothing.
            if any(event.what != events.DELIVERED for event in told):
                self._show_request(request, told)

    def close(self):
        """Nothing waits here."""

    def tell_dropped(self, count):
        self._say(f"--- {count or 'some'} messages are missing here: this terminal was too slow for them ---")
        self._last = None

    def _show_request(self, request, told):
        width = self._columns()
        sheet = text.Sheet(request, width)
        head = sheet.head()
        if self._last != (request.id, head):
            for shown in [*([""] if self._last else []), text.name(request, width), *head]:
                self._say(shown)
        self._last = (request.id, head)
        for event in told:
            for shown in sheet.event(event):
                self._say(shown)


class JsonView:
    """A line for each message, once it was delivered, and one for each thing that happens to it afterwards."""

    def __init__(self, wanted, say):
        self._gate = Gate(wanted)
        self._say = say
        # (since when, message), in the order in which they were published.
        self._waiting = collections.deque()

    def show(self, taken):
        told = [event for _, happened in self._gate.sort(taken) for event in happened]
        for event in sorted(told, key=lambda event: event.time):
            if event.what == events.PUBLISHED:
                self._waiting.append((time.monotonic(), event.message))
            elif event.what == events.NOTED and not self._waits(event.message):
                self._say(json.dumps(event.to_dict()))
        self._flush(time.monotonic() - _DELIVERY_SECONDS)

    def close(self):
        """Tell what still waits for its deliveries."""
        self._flush(float("inf"))

    def tell_dropped(self, count):
        """`messages` is null where the broker had to drop them: it does not say how many."""
        self._say(json.dumps({"event": "dropped", "messages": count or None}))

    def _waits(self, message):
        return any(waiting is message for _, waiting in self._waiting)

    def _flush(self, published_before):
        while self._waiting:
            since, message = self._waiting[0]
            if len(message.delivered) < len(message.queues) and since > published_before:
                return
            self._waiting.popleft()
            self._say(line.as_json(message))
