# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on the broker's own event loop: h11 speaks it, here are the sockets, the limits and the deadlines."""

import asyncio
import dataclasses
import email.utils
import http
import json
import logging
import urllib.parse

import h11

LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 200
MAX_BODY_BYTES = 16 * 1024 * 1024  # a message of 12 MB in base64
_IDLE_SECONDS = 60  # for a whole request to come, and for an answer to be read
_SLICE = 100  # items of a list between which the broker gets to work
_JSON = ("content-type", "application/json")


@dataclasses.dataclass(frozen=True)
class Request:
    method: str
    path: str  # as it came: a %2F is part of a name, a slash is not
    query: dict  # name: last value
    headers: dict  # name in lower case: value
    body: bytes
    peer: tuple  # (host, port) of the client
    local: tuple  # where it was accepted


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    body: bytes = b""
    headers: tuple = ()


CREATED = Response(201)
NO_CONTENT = Response(204)


def json_response(document, status=200, headers=()):
    return Response(status, _dump(document), (_JSON, *headers))


async def json_list_response(items):
    """The same for a list that may be long: the broker gets to work in between."""
    parts = []
    for start in range(0, len(items), _SLICE):
        parts.append(_dump(items[start : start + _SLICE])[1:-1])
        await asyncio.sleep(0)
    return Response(200, b"[" + b",".join(parts) + b"]", (_JSON,))


class HttpConnection(asyncio.Protocol):
    """One client's connection; one request at a time, answered by `handle`, a coroutine function.

    `connections` is the set of all; beyond MAX_CONNECTIONS a new one is closed.
    """

    def __init__(self, handle, connections):
        self._handle = handle
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._h11 = h11.Connection(h11.SERVER)
        self._transport = None
        self._head = None
        self._body = []
        self._body_size = 0
        self._task = None
        self._deadline = None

    # asyncio.Protocol

    def connection_made(self, transport):
        self._transport = transport
        if len(self._connections) >= MAX_CONNECTIONS:
            LOG.warning("too many connections to the management API; one more is refused")
            transport.abort()
            return
        self._connections.add(self)
        self._restart_deadline()

    def data_received(self, data):
        self._h11.receive_data(data)
        self._advance()

    def eof_received(self):
        self._h11.receive_data(b"")
        self._advance()
        return self._task is not None  # keep the socket for the answer

    def connection_lost(self, exc):
        self._connections.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._task is not None:
            self._task.cancel()

    def close(self):
        self._transport.close()

    def abort(self):
        self._transport.abort()

    # Requests

    def _advance(self):
        try:
            while self._task is None and not self._transport.is_closing():
                event = self._h11.next_event()
                if event in (h11.NEED_DATA, h11.PAUSED):
                    self._invite_body()
                    return
                self._take(event)
        except h11.RemoteProtocolError as err:
            self._refuse(err.error_status_hint, str(err))

    def _invite_body(self):
        if self._h11.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._transport.write(self._h11.send(go_on))

    def _take(self, event):
        if isinstance(event, h11.Request):
            self._head = event
        elif isinstance(event, h11.Data):
            self._body.append(event.data)
            self._body_size += len(event.data)
            if self._body_size > MAX_BODY_BYTES:
                self._refuse(413, f"the body is larger than {MAX_BODY_BYTES} octets")
        elif isinstance(event, h11.EndOfMessage):
            self._start()
        elif isinstance(event, h11.ConnectionClosed):
            self._transport.close()

    def _start(self):
        self._transport.pause_reading()  # what is sent before the answer waits in the kernel, not here
        self._deadline.cancel()
        self._task = self._loop.create_task(self._answer(self._make_request()))

    def _make_request(self):
        path, _, query = self._head.target.decode("latin-1").partition("?")
        request = Request(
            method=self._head.method.decode("latin-1"),
            path=path,
            query=dict(urllib.parse.parse_qsl(query, keep_blank_values=True)),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in self._head.headers},
            body=b"".join(self._body),
            peer=(self._transport.get_extra_info("peername") or ("", 0))[:2],
            local=(self._transport.get_extra_info("sockname") or ("", 0))[:2],
        )
        self._body = []
        self._body_size = 0
        return request

    # Answers

    async def _answer(self, request):
        try:
            response = await self._handle(request)
        except Exception:  # the process's edge: a defect must cost this request only
            LOG.exception("%s %s failed", request.method, request.path)
            response = json_response(
                {"error": "internal_error", "reason": "the broker failed; its log says why"}, 500
            )
        self._task = None
        self._send(response)
        self._restart_deadline()
        if self._h11.our_state is h11.MUST_CLOSE:
            self._transport.close()
            return
        self._h11.start_next_cycle()
        self._transport.resume_reading()
        self._advance()

    def _send(self, response):
        headers = [
            ("date", email.utils.formatdate(usegmt=True)),
            ("server", "minova-broker"),
            ("cache-control", "no-cache"),
            *response.headers,
        ]
        if response.status != 204:
            headers.append(("content-length", str(len(response.body))))
        parts = [self._h11.send(_head(response.status, headers))]
        if response.body and self._head.method != b"HEAD":
            parts.append(self._h11.send(h11.Data(data=response.body)))
        parts.append(self._h11.send(h11.EndOfMessage()))
        self._transport.write(b"".join(parts))

    def _refuse(self, status, reason):
        """Answer what is no request, if that is still possible, and close."""
        if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = json.dumps({"error": "bad_request", "reason": reason}).encode()
            headers = [_JSON, ("content-length", str(len(body))), ("connection", "close")]
            for event in (
                _head(status, headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self._transport.write(self._h11.send(event))
        self._transport.close()

    def _restart_deadline(self):
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(_IDLE_SECONDS, self.abort)


def _dump(document):
    return json.dumps(document, separators=(",", ":")).encode()


def _head(status, headers):
    return h11.Response(status_code=status, headers=headers, reason=http.HTTPStatus(status).phrase)
