# SPDX-License-Identifier: Apache-2.0
"""Every way in which a request can end, against a server that does as it is told."""

import socket
import threading

import pytest

from minova.chaos import door


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def ask(listener, timeout_seconds=10):
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return door.ask("api-1", url, "POST", "/servers", {"server": {}}, timeout_seconds)


def answering(listener, text):
    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(text)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_answer_is_told_with_what_it_says(listener):
    head = (
        b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nx-openstack-request-id: req-9\r\nContent-Length: 2\r\n\r\n{}"
    )
    server = answering(listener, head)
    answer = ask(listener)
    server.join()
    assert (answer.status, answer.retry_after, answer.request_id, answer.given) == (503, "7", "req-9", True)


@pytest.mark.parametrize(
    "text", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"nonsense\r\n\r\n"]
)
def test_a_connection_that_ends_early_is_no_answer(listener, text):
    server = answering(listener, text)
    answer = ask(listener)
    server.join()
    assert (answer.status, answer.given) == (door.BROKEN, False)


def test_a_server_that_says_nothing_is_late(listener):
    assert ask(listener, timeout_seconds=0.2).status == door.LATE


def test_nobody_there_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        pass
    with pytest.raises(OSError):  # noqa: PT011 - closed: only its number is of use
        gone.getsockname()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert door.ask("api-1", f"http://127.0.0.1:{port}", "GET", "/").status == door.REFUSED
