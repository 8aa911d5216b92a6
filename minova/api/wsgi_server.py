# SPDX-License-Identifier: Apache-2.0
"""The HTTP server in front of the application: waitress, with faults of its own and a graceful stop.

Waitress reads a request completely before a thread gets it, so that slow clients hold none.
"""

import logging
import select
import threading
import time

import waitress.channel
import waitress.server
import waitress.task

import minova.conf
from minova import listening
from minova.api import errors, overload

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_LISTEN_BACKLOG = 1024
_CONNECTION_LIMIT = 1000
_IDLE_CONNECTION_SECONDS = 120
_POLL_SECONDS = 0.5
# How long, once told to stop, the server waits for requests of clients that have just connected, or begun to send.
_GRACE_SECONDS = 1
# The application refuses bodies far shorter than this, with a better message; this bounds the disk that a
# body may take before the application sees it.
_READ_AT_MOST_BYTES = 16 * 1024 * 1024


def bind():
    """The listening socket; made before any fork, so that all workers of a machine share it.

    :raises InvalidOption: when it may not or cannot be had.
    """
    return listening.bind("api", "The API", "has no authentication", _LISTEN_BACKLOG)


class WsgiServer:
    """Serves one application on one socket, on threads of its own."""

    def __init__(self, app, listener):
        self._stopping = threading.Event()
        self._dispatcher = overload.Dispatcher()
        self._dispatcher.set_thread_count(CONF.api.threads)
        self._server = waitress.server.create_server(
            app,
            _dispatcher=self._dispatcher,
            sockets=[listener],
            ident="minova",
            backlog=_LISTEN_BACKLOG,
            connection_limit=_CONNECTION_LIMIT,
            channel_timeout=_IDLE_CONNECTION_SECONDS,
            max_request_body_size=_READ_AT_MOST_BYTES,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
        )
        self._server.channel_class = _Channel
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        """Answer the requests that came, take no new connection, close."""
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join()
        self._dispatcher.shutdown()

    def _run(self):
        while not self._stopping.is_set():
            self._poll(_POLL_SECONDS)
        told_at = time.monotonic()
        self._stop_listening()
        # What stands in a socket unread when that is closed makes the system reset the connection.
        self._poll(0)
        while self._has_work(told_at) and time.monotonic() < told_at + CONF.graceful_shutdown_timeout:
            self._poll(_POLL_SECONDS)
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()

    def _poll(self, seconds):
        server = self._server
        server.asyncore.loop(timeout=seconds, map=server._map, use_poll=True, count=1)
        self._dispatcher.refuse_expired()

    def _stop_listening(self):
        """Accept the connections that wait, which would be reset, and be closed to others."""
        server = self._server
        waiting = select.poll()
        waiting.register(server.socket, select.POLLIN)
        for _ in range(_LISTEN_BACKLOG):
            if not waiting.poll(0):
                break
            server.handle_accept()
        server.accepting = False
        # Rather than server.close(), which ends the loop's trigger, too.
        server.del_channel()
        server.socket.close()

    def _has_work(self, told_at):
        """Whether a request is being worked on or about to come, or an answer not yet sent."""
        channels = list(self._server.active_channels.values())
        if any(channel.requests or channel.total_outbufs_len for channel in channels):
            return True
        is_early = time.monotonic() < told_at + _GRACE_SECONDS
        return is_early and any(_is_beginning(channel) for channel in channels)


def _is_beginning(channel):
    """Whether a client has sent a part of a request, or nothing at all since it connected."""
    return channel.request is not None or channel.last_activity == channel.creation_time


class _ErrorTask(waitress.task.ErrorTask):
    """What waitress itself refuses (no HTTP, too long) gets a fault, too."""

    def execute(self):
        error = self.request.error
        body = errors.fault(error.code, f"{error.reason}: {error.body}")
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.response_headers.extend(errors.headers_of(error.code))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(waitress.channel.HTTPChannel):
    error_task_class = _ErrorTask
