# SPDX-License-Identifier: Apache-2.0
"""The HTTP server of the page: waitress on one loopback socket, with a stop that waits for nobody."""

import threading
import time

import waitress.server

import minova.conf
from minova import listening

CONF = minova.conf.CONF
# Beside those of the event streams.
_THREADS = 6
_LISTEN_BACKLOG = 64
_CONNECTION_LIMIT = 200
_IDLE_CONNECTION_SECONDS = 60
_POLL_SECONDS = 0.5
# Before what does not end is cut.
_FAREWELL_SECONDS = 2
_LONGEST_BODY_BYTES = 1024 * 1024
# What may wait for a client that does not read, beyond what the system takes.
_UNREAD_BYTES = 1024 * 1024


def bind():
    """The listening socket.

    :raises InvalidOption: when it may not or cannot be had.
    """
    return listening.bind("page", "The page", "asks for no password", _LISTEN_BACKLOG)


class HttpServer:
    """Serves one application on one socket, on threads of its own."""

    def __init__(self, app, listener):
        self._stopping = threading.Event()
        self._server = waitress.server.create_server(
            app,
            sockets=[listener],
            threads=_THREADS + CONF.page.max_listeners,
            ident="minova-page",
            backlog=_LISTEN_BACKLOG,
            connection_limit=_CONNECTION_LIMIT + CONF.page.max_listeners,
            channel_timeout=_IDLE_CONNECTION_SECONDS,
            max_request_body_size=_LONGEST_BODY_BYTES,
            outbuf_high_watermark=_UNREAD_BYTES,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
        )
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def port(self):
        return self._server.effective_port

    def start(self):
        self._thread.start()

    def stop(self):
        """Take no new connection, and let the answers under way come to their end, but not for long."""
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join()
        self._server.task_dispatcher.shutdown(timeout=1)

    def _run(self):
        server = self._server
        while not self._stopping.is_set():
            self._poll()
        server.accepting = False
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while self._has_work() and time.monotonic() < deadline:
            self._poll(_FAREWELL_SECONDS / 20)
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()

    def _poll(self, seconds=_POLL_SECONDS):
        server = self._server
        server.asyncore.loop(timeout=seconds, map=server._map, use_poll=True, count=1)

    def _has_work(self):
        """Whether a request is being worked on, or an answer not yet sent."""
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)
