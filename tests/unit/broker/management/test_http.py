# SPDX-License-Identifier: Apache-2.0
"""An HTTP connection without a socket: limits, deadlines, what is answered to what is no request."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minova.broker.management import http

GET = b"GET /api/x?a=1&b=%2F HTTP/1.1\r\nhost: x\r\nX-Reason: why\r\n\r\n"


class FakeTransport:
    """Keeps what is written."""

    def __init__(self):
        self.written = b""
        self.closing = False
        self.reading = True

    def get_extra_info(self, name):
        return ("127.0.0.1", 1234)

    def write(self, data):
        self.written += data

    def close(self):
        self.closing = True

    abort = close

    def is_closing(self):
        return self.closing

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True


class Client:
    """One connection; what is asked is kept, and answered with the request's body."""

    def __init__(self, connections=None):
        self.requests = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.transport = FakeTransport()
        self.connections = set() if connections is None else connections
        self.connection = http.HttpConnection(self._handle, self.connections)
        self.connection.connection_made(self.transport)

    async def _handle(self, request):
        self.requests.append(request)
        await self.may_answer.wait()
        if request.path == "/fails":
            raise ZeroDivisionError
        return http.Response(200, request.body)

    async def send(self, *parts):
        """Send, as a socket that may be paused would, and return all that was written so far."""
        for part in parts:
            if not self.transport.closing:
                self.connection.data_received(part)
            for _ in range(5):
                await asyncio.sleep(0)
        return self.transport.written

    def close(self):
        self.connection.connection_lost(None)


def run(scenario):
    async def main():
        client = Client()
        await asyncio.wait_for(scenario(client), 30)
        client.close()
        assert client.connections == set()

    asyncio.run(main())


def test_a_request_is_read_however_it_is_cut():
    async def scenario(client):
        written = await client.send(*(bytes((octet,)) for octet in GET))
        (request,) = client.requests
        assert (request.method, request.path) == ("GET", "/api/x")
        assert request.query == {"a": "1", "b": "/"}
        assert request.headers["x-reason"] == "why"
        assert written.startswith(b"HTTP/1.1 200 OK\r\n")
        assert not client.transport.closing

    run(scenario)


def test_requests_on_one_connection_are_answered_in_turn():
    async def scenario(client):
        client.may_answer.clear()
        await client.send(GET * 3)
        assert len(client.requests) == 1
        assert not client.transport.reading
        client.may_answer.set()
        written = await client.send(b"")
        for _ in range(20):
            await asyncio.sleep(0)
        written = client.transport.written
        assert written.count(b"200 OK") == len(client.requests) == 3
        assert client.transport.reading

    run(scenario)


def test_a_body_in_chunks_comes_whole_and_the_answer_ends_with_the_connection_where_asked():
    async def scenario(client):
        written = await client.send(
            b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
            b"3\r\nabc\r\n",
            b"2\r\nde\r\n0\r\n\r\n",
        )
        assert written.endswith(b"\r\n\r\nabcde")
        assert client.transport.closing

    run(scenario)


def test_a_head_has_the_length_of_a_body_that_does_not_come():
    async def scenario(client):
        written = await client.send(b"HEAD / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc")
        assert b"content-length: 3\r\n" in written.lower()
        assert written.endswith(b"\r\n\r\n")

    run(scenario)


def test_who_waits_to_be_told_to_go_on_is_told():
    async def scenario(client):
        head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
        assert (await client.send(head)).startswith(b"HTTP/1.1 100")
        assert (await client.send(b"ok")).endswith(b"\r\n\r\nok")

    run(scenario)


def test_a_body_that_is_too_large_is_refused_before_it_is_kept():
    async def scenario(client):
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n"
        part = b"x" * (http.MAX_BODY_BYTES // 4 + 1)
        written = await client.send(head, part, part, part, part, part)
        assert written.startswith(b"HTTP/1.1 413 ")
        assert client.transport.closing
        assert client.requests == []

    run(scenario)


def test_a_head_that_never_ends_is_refused():
    async def scenario(client):
        written = await client.send(b"GET / HTTP/1.1\r\n", *[b"a: b\r\n" * 1000] * 20)
        assert written.startswith(b"HTTP/1.1 431 ")
        assert client.transport.closing

    run(scenario)


def test_a_defect_costs_one_request(caplog):
    async def scenario(client):
        written = await client.send(b"GET /fails HTTP/1.1\r\nhost: x\r\n\r\n")
        assert written.startswith(b"HTTP/1.1 500 ")
        assert b"ZeroDivisionError" not in written
        assert (await client.send(GET)).count(b"HTTP/1.1 200 OK") == 1

    run(scenario)
    assert "ZeroDivisionError" in caplog.text


def test_who_goes_away_before_the_answer_is_forgotten():
    async def scenario(client):
        client.may_answer.clear()
        await client.send(GET)
        client.close()
        client.may_answer.set()
        assert await client.send() == b""

    run(scenario)


def test_an_idle_connection_is_cut_off(monkeypatch):
    monkeypatch.setattr(http, "_IDLE_SECONDS", 0.01)

    async def scenario(client):
        await client.send(b"GET / HT")
        async with asyncio.timeout(20):
            while not client.transport.closing:
                await asyncio.sleep(0.005)

    run(scenario)


def test_one_connection_too_many_is_closed(monkeypatch):
    monkeypatch.setattr(http, "MAX_CONNECTIONS", 1)

    async def scenario(client):
        other = Client(client.connections)
        assert other.transport.closing
        other.close()
        assert (await client.send(GET)).startswith(b"HTTP/1.1 200")

    run(scenario)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.tuples(st.sampled_from([GET[:9], GET[:-2]]), st.binary()).map(b"".join)
    )
)
def test_garbage_raises_nothing(octets):
    async def main():
        client = Client()
        await client.send(octets)
        if not client.transport.closing:
            client.connection.eof_received()
        client.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "line", [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/3\r\n\r\n", b"AMQP\x00\x00\x09\x01\r\n\r\n"]
)
def test_what_is_no_http_is_answered_with_400(line):
    async def scenario(client):
        assert (await client.send(b"x" + line)).startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert client.transport.closing

    run(scenario)


@pytest.mark.parametrize("length", [0, 1, 100, 101, 250])
def test_a_long_list_is_the_same_document_in_slices(length):
    items = [{"n": n, "text": "[,]"} for n in range(length)]
    response = asyncio.run(http.json_list_response(items))
    assert response == http.json_response(items)
