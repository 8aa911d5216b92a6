# SPDX-License-Identifier: Apache-2.0
"""The messages of the recent requests, in memory."""

import collections
import dataclasses
import threading
import time

from minova.trace.message import REPLY

# Messages of one request; a request with more shows its first ones.
MOST_MESSAGES = 500
# A request without a message for so long has come to its end.
QUIET_SECONDS = 2


@dataclasses.dataclass
class Request:
    """What was said for one request."""

    id: str
    messages: list = dataclasses.field(default_factory=list)

    @property
    def title(self):
        return self.messages[0].method or self.messages[0].kind

    @property
    def begin(self):
        return self.messages[0].time

    @property
    def end(self):
        return self.messages[-1].time

    @property
    def servers(self):
        return list(dict.fromkeys(server for message in self.messages for server in message.instances))

    @property
    def failed(self):
        return any(message.kind == REPLY and message.failure for message in self.messages)

    @property
    def running(self):
        return time.time() - self.end < QUIET_SECONDS


class Store:
    """The last ``limit`` requests."""

    def __init__(self, limit):
        self._limit = limit
        self._lock = threading.Lock()
        self._requests = collections.OrderedDict()
        self._by_message = {}

    def add(self, message):
        if not message.request_id:
            return
        with self._lock:
            request = self._requests.setdefault(message.request_id, Request(message.request_id))
            if len(request.messages) < MOST_MESSAGES:
                request.messages.append(message)
                self._by_message[unique_id(message)] = message
            if len(self._requests) > self._limit:
                _, oldest = self._requests.popitem(last=False)
                for old in oldest.messages:
                    self._by_message.pop(unique_id(old), None)

    def requests(self):
        """Newest last."""
        with self._lock:
            return list(self._requests.values())

    def request(self, request_id):
        with self._lock:
            return self._requests.get(request_id)

    def message(self, message_id):
        with self._lock:
            return self._by_message.get(message_id)


def unique_id(message):
    return message.body.get("_unique_id", "")
