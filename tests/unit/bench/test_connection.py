# SPDX-License-Identifier: Apache-2.0
"""The benchmark's own HTTP client, against a server that says what the test tells it to."""

import socket
import threading

import pytest

from minova.bench.connection import Connection, HttpError


class Server:
    """Answers each connection with the byte strings given for it, one per request, and then closes it."""

    def __init__(self, *connections):
        self.requests = []
        self._connections = connections
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._thread.join()
        self._listener.close()

    def _serve(self):
        for answers in self._connections:
            peer, _ = self._listener.accept()
            with peer:
                for parts in answers:
                    self.requests.append(peer.recv(65536))
                    for part in parts:
                        peer.sendall(part)


@pytest.fixture
def serve():
    servers = []

    def start(*connections):
        servers.append(Server(*connections))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_a_connection_is_used_again(serve):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    server = serve([[answer], [answer]])
    api = Connection(*server.address)

    assert [api.request("GET", "/"), api.request("GET", "/x")] == [(200, b"ok"), (200, b"ok")]
    api.close()
    assert server.requests[1].startswith(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_body_may_come_in_pieces(serve):
    server = serve([[b"HTTP/1.1 200 OK\r\ncontent-length: 10\r", b"\n\r\n01234", b"56789"]])
    api = Connection(*server.address)

    assert api.request("GET", "/") == (200, b"0123456789")
    api.close()


def test_a_connection_that_the_server_closed_is_opened_again(serve):
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    server = serve([[answer]], [[answer]])
    api = Connection(*server.address)

    assert [api.request("DELETE", "/"), api.request("DELETE", "/")] == [(204, b""), (204, b"")]
    api.close()


def test_a_status_that_is_not_expected_raises(serve):
    server = serve([[b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"]])
    api = Connection(*server.address)

    with pytest.raises(HttpError, match="503 instead of 200: busy"):
        api.get_json("/")
    api.close()


def test_an_answer_without_a_length_raises(serve):
    server = serve([[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]])
    api = Connection(*server.address)

    with pytest.raises(HttpError, match="without a length"):
        api.request("GET", "/")
    api.close()
