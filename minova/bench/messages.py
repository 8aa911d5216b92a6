# SPDX-License-Identifier: Apache-2.0
"""Counts the messages of boots on the wire, by the broker's firehose."""

import threading
import time

from minova.trace.firehose import Firehose

_QUIET_SECONDS = 0.5
_LONGEST_SECONDS = 10


class Counter:
    """Listens while it is entered."""

    def __init__(self, transport_url):
        self._transport_url = transport_url

    def __enter__(self):
        self._firehose = Firehose(self._transport_url).__enter__()
        self._messages = []
        self._done = threading.Event()
        self.is_on = self._firehose.is_on()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(self, *details):
        self._done.set()
        self._listener.join()
        self._firehose.__exit__(*details)

    def about(self, uuid):
        """The messages about one instance, when no more of them come."""
        found, quiet_since = [], time.monotonic()
        deadline = quiet_since + _LONGEST_SECONDS
        while time.monotonic() < min(quiet_since + _QUIET_SECONDS, deadline):
            now = [message for message in list(self._messages) if uuid in message.instances]
            if len(now) != len(found):
                found, quiet_since = now, time.monotonic()
            time.sleep(0.02)
        return found

    def _listen(self):
        for message in self._firehose.messages():
            if message:
                self._messages.append(message)
            if self._done.is_set():
                return
