# SPDX-License-Identifier: Apache-2.0
"""Records what the page hears, and goes on without it while the disk does not take it."""

import contextlib
import logging
import os
import time

from minova.trace.recording import Recorder, RecordingError

LOG = logging.getLogger(__name__)
_SECONDS_BEFORE_NEXT_TRY = 30


class Recording:
    """One recorder, as long as it works. Only the thread that reads the bus writes.

    :param max_bytes: 0 records nothing.
    :param on_change: called without arguments when recording began or failed.
    """

    def __init__(self, path, max_bytes, on_change, clock=time.monotonic):
        self.path = path
        # Why nothing is recorded, for people; None while all is well.
        self.trouble = None if max_bytes else "[page] recording_bytes is 0."
        self._max_bytes = max_bytes
        self._on_change = on_change
        self._clock = clock
        self._recorder = None
        self._next_try = 0

    def add(self, event):
        with self._guarded():
            if self._recorder is None and not self._open():
                return
            self._recorder.add(event)

    def flush(self):
        """At a moment of quiet, so that a reader sees all."""
        with self._guarded():
            if self._recorder:
                self._recorder.flush()

    def close(self):
        with self._guarded():
            if self._recorder:
                self._recorder.close()

    def describe(self):
        """See endpoints/state.py."""
        return {"path": self.path, "max_bytes": self._max_bytes, "reason": self.trouble}

    def _open(self):
        """Whether there is a recorder now."""
        if not self._max_bytes or self._clock() < self._next_try:
            return False
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self._recorder = Recorder(self.path, self._max_bytes)
        self._tell(None)
        return True

    @contextlib.contextmanager
    def _guarded(self):
        try:
            yield
        except (OSError, RecordingError) as error:
            self._give_up(error)

    def _give_up(self, error):
        """Until the next try; what comes meanwhile is missing in the recording."""
        recorder, self._recorder = self._recorder, None
        if recorder:
            # It tries again to write what it could not.
            with contextlib.suppress(RecordingError):
                recorder.close()
        self._next_try = self._clock() + _SECONDS_BEFORE_NEXT_TRY
        reason = (
            f"{self.path} cannot be written: {error.strerror}." if isinstance(error, OSError) else str(error)
        )
        self._tell(reason)

    def _tell(self, trouble):
        if trouble != self.trouble:
            LOG.log(logging.WARNING if trouble else logging.INFO, "recording: %s", trouble or self.path)
            self.trouble = trouble
            self._on_change()
