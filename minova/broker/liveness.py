# SPDX-License-Identifier: Apache-2.0
"""The deadlines of a connection: to log in, to be heard, to read, to end."""

import logging

from minova.broker import frame

LOG = logging.getLogger(__name__)

_END_SECONDS = 5
_CHECKS_PER_HEARTBEAT = 2  # as RabbitMQ: two heartbeats' time of silence is the end
_MISSED_CHECKS = 4


class Liveness:
    """Watches over one connection, and aborts it when a deadline passes."""

    def __init__(self, connection, loop, write_timeout_seconds):
        self.heard = True  # something came since the last check
        self.written = False  # something was sent since the last check
        self._connection = connection
        self._loop = loop
        self._write_timeout_seconds = write_timeout_seconds
        self._timers = {}  # what for: TimerHandle
        self._heartbeat_seconds = 0
        self._missed = 0

    def await_login(self, seconds):
        self._start("login", seconds, self._expire, f"no handshake within {seconds}s")

    def logged_in(self):
        self._stop("login")

    def start_heartbeats(self, seconds):
        """Send heartbeats and expect them; 0 does without."""
        self._heartbeat_seconds = seconds
        if seconds:
            self._schedule_check()

    def await_end(self):
        """The connection is ending; the client has some seconds to agree."""
        self.stop()
        self._start("end", _END_SECONDS, self._connection.abort)

    def await_reader(self):
        """More has been written than the client reads: it must go on reading, however slowly."""
        if "reader" not in self._timers:
            self._schedule_reader_check(self._connection.delivered_octets())

    def reader_is_back(self):
        self._stop("reader")

    def stop(self):
        for purpose in list(self._timers):
            self._stop(purpose)

    def _start(self, purpose, seconds, callback, *args):
        self._stop(purpose)
        self._timers[purpose] = self._loop.call_later(seconds, callback, *args)

    def _stop(self, purpose):
        timer = self._timers.pop(purpose, None)
        if timer is not None:
            timer.cancel()

    def _schedule_check(self):
        self._start("heartbeat", self._heartbeat_seconds / _CHECKS_PER_HEARTBEAT, self._check_heartbeat)

    def _check_heartbeat(self):
        if not self.written:
            self._connection.write(frame.HEARTBEAT_FRAME)
            self._connection.flush()
        # Who is not read from because the broker is short of memory cannot be heard either.
        self._missed = 0 if self.heard or self._connection.is_blocked else self._missed + 1
        self.heard = self.written = False
        if self._missed >= _MISSED_CHECKS:
            self._expire(f"missed heartbeats from client, timeout: {self._heartbeat_seconds}s")
        else:
            self._schedule_check()

    def _schedule_reader_check(self, delivered_octets):
        self._start("reader", self._write_timeout_seconds, self._check_reader, delivered_octets)

    def _check_reader(self, delivered_octets):
        now_delivered = self._connection.delivered_octets()
        if now_delivered > delivered_octets:
            self._schedule_reader_check(now_delivered)
        else:
            self._expire(f"client has read nothing for {self._write_timeout_seconds}s")

    def _expire(self, reason):
        LOG.warning("[connection: %s] %s", self._connection.label, reason)
        self._connection.abort()
