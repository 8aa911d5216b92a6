# SPDX-License-Identifier: Apache-2.0
"""minova-api as HTTP sees it: a real server on a socket, slow and rude clients, starting and stopping."""

import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import flask
import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova import exception
from minova.api import errors, wsgi_server
from tests import broker_process, http_client
from tests.free_ports import free_port
from tests.waiting import wait_until

_API = pathlib.Path(sys.executable).parent / "minova-api"
_HELLO = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
_SECONDS = 30


@pytest.fixture
def conf():
    fixture = config_fixture.Config(minova.conf.CONF)
    fixture.setUp()
    fixture.conf([], project="minova", default_config_files=[])
    fixture.config(group="api", port=0, threads=2)
    yield fixture
    fixture.cleanUp()


class Server:
    """A WSGI server with an application that greets, and one view that waits to be let go."""

    def __init__(self, is_started=True):
        self.waiting = threading.Event()
        self.let_go = threading.Event()
        app = flask.Flask(__name__)
        app.config["MAX_CONTENT_LENGTH"] = 1000
        errors.register(app)
        app.add_url_rule("/hello", endpoint="hello", view_func=lambda: "hello")
        app.add_url_rule("/wait", endpoint="wait", view_func=self._wait)
        app.add_url_rule(
            "/echo", endpoint="echo", view_func=lambda: flask.request.get_data(), methods=["POST"]
        )
        self.listener = wsgi_server.bind()
        self.address = self.listener.getsockname()
        self.wsgi_server = wsgi_server.WsgiServer(app, self.listener)
        if is_started:
            self.wsgi_server.start()

    def _wait(self):
        self.waiting.set()
        assert self.let_go.wait(_SECONDS)
        return "at last"

    def connect(self):
        return socket.create_connection(self.address, timeout=_SECONDS)

    def ask(self, method="GET", path="/hello", body=None):
        answer = http_client.ask(self.address[1], method, path, body)
        return answer.status, answer.payload


@pytest.fixture
def server(conf):
    server = Server()
    yield server
    server.let_go.set()
    server.wsgi_server.stop()


def received(connection):
    """All that comes until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def fault_in(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in head
    [inner] = json.loads(body).values()
    return inner


def test_slow_clients_hold_no_thread(server):
    slow = [server.connect() for _ in range(8)]
    for connection in slow:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly a few")

    assert server.ask() == (200, b"hello")
    for connection in slow:
        connection.close()


def test_connection_is_kept_and_pipelines(server):
    with server.connect() as connection:
        connection.sendall(_HELLO + _HELLO + b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert received(connection).count(b"\r\n\r\nhello") == 3


def test_too_long_a_body_is_a_fault(server):
    status, body = server.ask("POST", "/echo", b"x" * 5000)

    assert (status, json.loads(body)["overLimit"]["code"]) == (413, 413)


def test_body_beyond_all_measure_is_not_read(server):
    with server.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert fault_in(received(connection))["code"] == 413


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"BOO\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    ],
    ids=["line", "header", "length", "chunk"],
)
def test_what_is_no_http_gets_a_fault(server, request_bytes):
    with server.connect() as connection:
        connection.sendall(request_bytes)
        assert 400 <= fault_in(received(connection))["code"] < 500
    assert server.ask() == (200, b"hello")


def test_endless_headers_end_the_connection_alone(server):
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /hello HTTP/1.1\r\nX: " + b"x" * 400000 + b"\r\n\r\n")
        received(connection)

    assert server.ask() == (200, b"hello")


def test_stop_answers_what_is_in_hand_and_takes_nothing_new(conf):
    server = Server()
    idle, busy = server.connect(), server.connect()
    busy.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    assert server.waiting.wait(_SECONDS)
    stopper = threading.Thread(target=server.wsgi_server.stop)
    stopper.start()
    wait_until(lambda: not server.wsgi_server._server.accepting)
    server.let_go.set()
    stopper.join(_SECONDS)

    assert not stopper.is_alive()
    assert received(busy).endswith(b"at last")
    assert received(idle) == b""
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_stop_answers_who_has_just_connected(conf, monkeypatch):
    """A connection that had been made but not yet accepted was reset, its request unread."""
    monkeypatch.setattr(wsgi_server, "_GRACE_SECONDS", _SECONDS)
    server = Server(is_started=False)
    early, late = server.connect(), server.connect()
    early.sendall(_HELLO)
    server.wsgi_server._stopping.set()
    server.wsgi_server.start()
    wait_until(lambda: not server.wsgi_server._server.accepting)
    late.sendall(_HELLO)
    server.wsgi_server.stop()

    assert received(early).endswith(b"hello")
    assert received(late).endswith(b"hello")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_remote_address_is_refused(conf, address):
    conf.config(group="api", listen=address)

    with pytest.raises(exception.InvalidOption, match="allow_remote"):
        wsgi_server.bind()


def test_remote_address_may_be_allowed(conf):
    conf.config(group="api", listen="0.0.0.0", allow_remote=True)

    wsgi_server.bind().close()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_loopback_is_allowed(conf, address):
    conf.config(group="api", listen=address)

    wsgi_server.bind().close()


# Nobody answers on the discard port.
_NO_BUS = "rabbit://127.0.0.1:9/"


def start_api(tmp_path, port, transport_url=_NO_BUS, workers=1):
    config = tmp_path / "minova.conf"
    config.write_text(
        f"[DEFAULT]\nstate_path = {tmp_path}\ntransport_url = {transport_url}\n"
        f"[api]\nport = {port}\nworkers = {workers}\n"
    )
    return subprocess.Popen(
        [_API, "--config-file", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start_api(tmp_path, port)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output == (
        f"minova-api: The API cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Set [api] port to a free one.\n"
    )


def sync_database(tmp_path):
    config = tmp_path / "sync.conf"
    config.write_text(f"[DEFAULT]\nstate_path = {tmp_path}\n")
    manage = _API.with_name("minova-manage")
    subprocess.run([manage, "--config-file", config, "db", "sync"], check=True, capture_output=True)


def assert_serves_and_stops(process, port, ready=lambda: True):
    try:
        wait_until(lambda: status_of(port, "/flavors") == 200 and ready())
        process.send_signal(signal.SIGTERM)
        assert process.wait(_SECONDS * 3) == 0
        assert status_of(port, "/flavors") is None
    finally:
        process.kill()
        process.communicate()


def test_reads_need_no_bus(tmp_path):
    sync_database(tmp_path)
    port = free_port()

    assert_serves_and_stops(start_api(tmp_path, port), port)


def test_workers_share_the_port(tmp_path):
    sync_database(tmp_path)
    port = free_port()
    broker = broker_process.start_broker(tmp_path)
    try:
        process = start_api(tmp_path, port, broker.url, workers=2)
        # Both have reported, so that both have started.
        assert_serves_and_stops(process, port, lambda: children_of(process.pid) >= 2)
    finally:
        broker.stop()


def children_of(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return len(listed.stdout.split())


def status_of(port, path):
    try:
        return http_client.ask(port, "GET", path).status
    except OSError:
        return None
