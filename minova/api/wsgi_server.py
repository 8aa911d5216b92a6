# SPDX-License-Identifier: Apache-2.0
"""The HTTP server in front of the application: waitress, with faults of its own and a graceful stop.

Waitress reads a request completely before a thread gets it, so that slow clients hold none.
"""

import logging
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
        """Take no new connection, answer the requests that came, close."""
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join()
        self._dispatcher.shutdown()

    def _run(self):
        server = self._server
        while not self._stopping.is_set():
            self._poll()
        # del_channel() rather than close(): another worker may go on with the socket.
        server.accepting = False
        server.del_channel()
        deadline = time.monotonic() + CONF.graceful_shutdown_timeout
        while self._has_work() and time.monotonic() < deadline:
            self._poll()
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.socket.close()

    def _poll(self):
        server = self._server
        server.asyncore.loop(timeout=_POLL_SECONDS, map=server._map, use_poll=True, count=1)
        self._dispatcher.refuse_expired()

    def _has_work(self):
        """Whether a request is being worked on, or an answer not yet sent."""
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)


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
