# SPDX-License-Identifier: Apache-2.0
"""The requests of late, in bounded memory; what threads share that watch the bus and threads that show it."""

import collections
import dataclasses
import threading

from minova.trace import events
from minova.trace.request import Request

# Messages that no request id can be found for are kept together.
NO_REQUEST = "no-request"
DEFAULT_LIMIT = 5_000
DEFAULT_LIMIT_BYTES = 32 * 1024 * 1024


class Store:
    """Requests in the order in which they began; the oldest go first when there are too many messages.

    :param limit: how many messages are kept.
    :param limit_bytes: how many bytes they may have had on the wire.
    """

    def __init__(self, limit=DEFAULT_LIMIT, limit_bytes=DEFAULT_LIMIT_BYTES):
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._requests = collections.OrderedDict()
        # Request id to the version at which it last changed.
        self._changes = {}
        self._count = 0
        self._forgotten = 0
        self._size_bytes = 0
        self._version = 0
        self._changed = threading.Condition()

    @property
    def version(self):
        """Grows with each event."""
        return self._version

    @property
    def forgotten_messages(self):
        """How many had to go when there were too many."""
        return self._forgotten

    def add(self, event):
        with self._changed:
            request_id = event.message.request_id or NO_REQUEST
            if event.what == events.PUBLISHED:
                self._requests.setdefault(request_id, Request(request_id)).messages.append(event.message)
                self._count += 1
                self._size_bytes += event.message.size_bytes
                self._make_room()
            self._version += 1
            if request_id in self._requests:
                self._changes[request_id] = self._version
            self._changed.notify_all()

    def requests(self):
        """All that are kept, the newest last."""
        with self._changed:
            return [_copy(request) for request in self._requests.values()]

    def request(self, request_id):
        """One Request, or None."""
        with self._changed:
            request = self._requests.get(request_id)
            return request and _copy(request)

    def find_of(self, request_id):
        """The Request of the messages that carry this request id, which may be "" where it is not known."""
        return self.request(request_id or NO_REQUEST)

    def message(self, unique_id):
        """One Message, or None."""
        with self._changed:
            return next(
                (
                    message
                    for request in reversed(self._requests.values())
                    for message in request.messages
                    if message.unique_id == unique_id
                ),
                None,
            )

    def find(self, wanted):
        """The Request of this id, or all that was said about the server of this uuid or name; or None."""
        return self.request(wanted) or about_server(self.requests(), wanted)

    def wait_for_change(self, since, timeout):
        """Wait until `version` is above `since`, at most `timeout` seconds; returns it."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > since, timeout)
            return self._version

    def changed_since(self, version):
        """Ids of the requests to which something happened after this version."""
        with self._changed:
            return [request_id for request_id, changed in self._changes.items() if changed > version]

    def _make_room(self):
        while self._count > self._limit or self._size_bytes > self._limit_bytes:
            request_id, oldest = self._requests.popitem(last=False)
            self._changes.pop(request_id, None)
            self._count -= len(oldest.messages)
            self._forgotten += len(oldest.messages)
            self._size_bytes -= sum(message.size_bytes for message in oldest.messages)


def about_server(requests, wanted):
    """What requests say about the server of a uuid or a name, put together; None when they do not know it.

    Of several servers of one name it is the newest.
    """
    uuid = uuid_of(requests, wanted)
    if uuid is None:
        return None
    told = [request for request in requests if uuid in request.servers]
    if len(told) == 1 and len(told[0].servers) == 1:
        return told[0]
    messages = [message for request in told for message in request.messages if _is_about(message, uuid)]
    names = {request.servers[uuid] for request in told} - {""}
    return Request(uuid, sorted(messages, key=lambda message: message.time), next(iter(names), uuid))


def _is_about(message, uuid):
    """A request may be about several servers; what names none of them is about each, where it is of a request."""
    is_of_all = not message.instances and message.request_id
    return not message.is_bulk and (is_of_all or uuid in message.instances)


def uuid_of(requests, wanted):
    """The uuid of a server that is known by this uuid or name; None when there is none."""
    for request in reversed(requests):
        for uuid, name in request.servers.items():
            if wanted in (uuid, name):
                return uuid
    return None


def _copy(request):
    return dataclasses.replace(request, messages=list(request.messages))
