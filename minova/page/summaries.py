# SPDX-License-Identifier: Apache-2.0
"""The summaries of all requests, of which only those are made anew that have changed."""

import threading


class Summaries:
    """A view of a trace.store.Store."""

    def __init__(self, store):
        self._store = store
        self._lock = threading.Lock()
        self._version = -1
        self._known = {}

    def all(self):
        """In the order of Store.requests()."""
        with self._lock:
            version = self._store.version
            changed = set(self._store.changed_since(self._version))
            self._known = {
                request.id: self._summary(request, request.id in changed)
                for request in self._store.requests()
            }
            self._version = version
            return list(self._known.values())

    def _summary(self, request, changed):
        known = self._known.get(request.id)
        # One that runs comes to its end by time alone.
        return request.summary() if changed or known is None or known["running"] else known
