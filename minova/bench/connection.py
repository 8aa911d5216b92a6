# SPDX-License-Identifier: Apache-2.0
"""A connection to the API that costs the measured machine little: http.client spends more on a request than this."""

import json
import socket

_TIMEOUT_SECONDS = 60


class HttpError(Exception):
    """An answer that this client does not expect; the message has its status and beginning."""


class Connection:
    """One connection, kept open as long as the server wants it. Not for more than one thread."""

    def __init__(self, host, port):
        self._address = (host, port)
        self._socket = None
        self._rest = b""

    def request(self, method, path, body=None):
        """(status, body as bytes)"""
        fresh = self._socket is None
        message = _message(method, path, self._address, body)
        try:
            return self._exchange(message)
        except ConnectionError:
            self.close()
            # The server may close an idle connection at any moment; a fresh one that fails is an error.
            if fresh:
                raise
            return self._exchange(message)

    def get_json(self, path):
        """:raises HttpError: when the answer is not 200."""
        status, body = self.request("GET", path)
        expect(status, 200, body)
        return json.loads(body)

    def post_json(self, path, content, expected_status=202):
        """:raises HttpError: when the answer has another status."""
        status, body = self.request("POST", path, json.dumps(content).encode())
        expect(status, expected_status, body)
        return json.loads(body)

    def close(self):
        if self._socket:
            self._socket.close()
        self._socket = None
        self._rest = b""

    def _exchange(self, message):
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        head = self._read_head()
        status = int(head[9:12])
        headers = head.lower()
        body = self._read_body(_content_length(status, headers))
        if b"\r\nconnection: close" in headers:
            self.close()
        return status, body

    def _read_head(self):
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            self._rest += self._receive()
        head, self._rest = self._rest[:end], self._rest[end + 4 :]
        return head

    def _read_body(self, size_bytes):
        parts, missing_bytes = [self._rest], size_bytes - len(self._rest)
        while missing_bytes > 0:
            parts.append(self._receive())
            missing_bytes -= len(parts[-1])
        content = b"".join(parts)
        self._rest = content[size_bytes:]
        return content[:size_bytes]

    def _receive(self):
        chunk = self._socket.recv(262144)
        if not chunk:
            raise ConnectionResetError("the API closed the connection")
        return chunk


def expect(status, expected_status, body):
    """:raises HttpError: when they differ."""
    if status != expected_status:
        raise HttpError(f"{status} instead of {expected_status}: {body[:300].decode(errors='replace')}")


def _message(method, path, address, body):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Accept: application/json"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def _content_length(status, headers):
    """Of lower-case headers; only lengths are understood, which is what the API sends."""
    before, found, after = headers.partition(b"\r\ncontent-length:")
    if found:
        return int(after.partition(b"\r\n")[0])
    if status in (204, 304):
        return 0
    raise HttpError(f"an answer without a length: {headers[:200]!r}")
