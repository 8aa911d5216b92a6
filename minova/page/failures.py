# SPDX-License-Identifier: Apache-2.0
"""Requests that failed as the records say: a conductor that gives a boot up writes so, and sends no message."""

import threading
import time

from minova.page.errors import PageError

# Several open pages are one reader.
_FRESH_SECONDS = 2
# What is remembered of servers that were deleted since.
_REMEMBERED = 1000


class Failures:
    """Asks the Compute API which servers are in ERROR, and of each, once, which of its requests failed.

    :param cloud: a cloud.Cloud
    """

    def __init__(self, cloud, clock=time.monotonic):
        self._cloud = cloud
        self._clock = clock
        self._lock = threading.Lock()
        self._reasons = {}
        # (id of a server, when it last changed) of which the requests are known.
        self._asked = set()
        self._fresh_until = float("-inf")

    def all(self):
        """{request id: why it failed}, at most a few seconds old.

        :raises PageError: when the Compute API does not say.
        """
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._ask()
                self._fresh_until = self._clock() + _FRESH_SECONDS
            return dict(self._reasons)

    def _ask(self):
        servers = self._cloud.in_error()
        # The oldest first, so that they are the first to be forgotten.
        for server in reversed(servers):
            if server not in self._asked:
                self._reasons |= self._reasons_of(server[0])
        self._asked = set(servers)
        while len(self._reasons) > _REMEMBERED:
            del self._reasons[next(iter(self._reasons))]

    def _reasons_of(self, server_id):
        try:
            return self._cloud.failed_requests(server_id)
        except PageError as error:
            # It was deleted meanwhile.
            if error.code == 404:
                return {}
            raise
