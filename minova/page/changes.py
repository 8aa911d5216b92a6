# SPDX-License-Identifier: Apache-2.0
"""What has changed since a listener last looked: topics and requests, but not how."""

import collections
import dataclasses
import threading
import time

# Requests whose change is remembered; a listener that missed more reads the whole list again.
REMEMBERED_REQUESTS = 500


@dataclasses.dataclass(frozen=True)
class News:
    """What a listener is told."""

    version: int
    # Of "state", "requests", "servers", "services", "topology", "debugger".
    what: list
    # Ids of the requests that have grown, or None when there were too many.
    requests: list | None


class Changes:
    """Counts changes; any thread may tell one, any thread may wait for one."""

    def __init__(self):
        self._changed = threading.Condition()
        self._version = 0
        self._topics = {}
        self._requests = collections.OrderedDict()
        # Version of the newest request that is no longer remembered.
        self._forgotten = 0
        self._closed = False

    @property
    def version(self):
        return self._version

    @property
    def closed(self):
        return self._closed

    def tell(self, *topics, request_id=""):
        """Something has changed; ``request_id`` names a request that has grown."""
        with self._changed:
            self._version += 1
            for topic in topics:
                self._topics[topic] = self._version
            if request_id:
                self._remember(request_id)
            self._changed.notify_all()

    def wait(self, since, timeout_seconds):
        """News since version ``since``; None when there were none within the timeout, or this is closed."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while self._version <= since and not self._closed:
                left_seconds = deadline - time.monotonic()
                if left_seconds <= 0:
                    return None
                self._changed.wait(left_seconds)
            return None if self._closed else self._news(since)

    def pause(self, seconds):
        """Wait, but not beyond close()."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def close(self):
        """Let all who wait go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _remember(self, request_id):
        self._requests[request_id] = self._version
        self._requests.move_to_end(request_id)
        if len(self._requests) > REMEMBERED_REQUESTS:
            _, self._forgotten = self._requests.popitem(last=False)

    def _news(self, since):
        what = sorted(topic for topic, version in self._topics.items() if version > since)
        if since < self._forgotten:
            return News(self._version, what, None)
        ids = [request_id for request_id, version in self._requests.items() if version > since]
        return News(self._version, what, ids)
