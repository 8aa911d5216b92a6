# SPDX-License-Identifier: Apache-2.0
"""The thread that follows the firehose, and comes back when the broker does."""

import contextlib
import dataclasses
import logging
import random
import threading
import time

from minova.trace import events
from minova.trace.firehose import Firehose, TraceError, broker_addresses, off_hint
from minova.up import settings

LOG = logging.getLogger(__name__)
CONNECTING, CONNECTED = "connecting", "connected"
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 5
# After so long without a message it is asked whether the broker still traces.
_QUIET_SECONDS = 5


@dataclasses.dataclass
class BusState:
    """How it stands with the bus; replaced as a whole, so that a reader never sees half of a change."""

    state: str = CONNECTING
    # Whether the broker copies its messages; None while nobody knows.
    tracing: bool | None = None
    # Why there is no connection, and what to type where something is to be done.
    reason: str | None = None
    hint: str | None = None


class Bus:
    """Reads events until it is stopped, and passes each on.

    :param take: called with each event, and with None at a moment of quiet, in the thread of this object.
    :param on_change: called without arguments when the state has changed.
    """

    def __init__(self, transport_url, take, on_change, make_firehose=Firehose):
        self.state = BusState()
        self.messages = 0
        # Copies that the broker threw away because they were not read here in time: how many at least, and when the
        # last were missed.
        self.lost_copies = 0
        self.lost_at = None
        self._url = transport_url
        self._take = take
        self._on_change = on_change
        self._make_firehose = make_firehose
        self._stopped = threading.Event()
        self._firehose = None
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stopped.set()
        if self._firehose:
            self._firehose.stop()
        self._thread.join()

    def describe(self):
        """See endpoints/state.py."""
        return {
            **dataclasses.asdict(self.state),
            "url": settings.without_password(self._url),
            "virtual_host": broker_addresses(self._url)[0].virtual_host,
            "lost_copies": self.lost_copies,
            "lost_at": self.lost_at,
        }

    def _run(self):
        pause_seconds = _SHORTEST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                with self._connected() as firehose:
                    pause_seconds = _SHORTEST_PAUSE_SECONDS
                    self._follow(firehose)
            except TraceError as error:
                self._show(BusState(reason=str(error)))
            # Not all pages of a machine at the same moment.
            self._stopped.wait(pause_seconds * random.uniform(0.5, 1.5))
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)

    @contextlib.contextmanager
    def _connected(self):
        with self._make_firehose(self._url) as firehose:
            self._firehose = firehose
            # stop() may have come between the two.
            if self._stopped.is_set():
                firehose.stop()
            try:
                yield firehose
            finally:
                self._firehose = None

    def _follow(self, firehose):
        self._probe(firehose)
        probe_at = time.monotonic() + _QUIET_SECONDS
        for event in firehose.events():
            self._take(event)
            self._count_lost(firehose.lost_copies())
            if event is not None:
                probe_at = time.monotonic() + _QUIET_SECONDS
                self.messages += event.what == events.PUBLISHED
            elif time.monotonic() > probe_at:
                self._probe(firehose)
                probe_at = time.monotonic() + _QUIET_SECONDS

    def _count_lost(self, copies):
        if copies:
            LOG.warning("bus: the broker had no room for %s copies that were not read in time", copies)
            self.lost_copies += copies
            self.lost_at = time.time()
            self._on_change()

    def _probe(self, firehose):
        on = firehose.is_on()
        self._show(BusState(CONNECTED, on, hint=None if on else off_hint(firehose.virtual_host)))

    def _show(self, state):
        if state != self.state:
            LOG.info("bus: %s%s", state.state, f" ({state.reason})" if state.reason else "")
            self.state = state
            self._on_change()
