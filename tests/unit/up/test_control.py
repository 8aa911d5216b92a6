# SPDX-License-Identifier: Apache-2.0
"""The control socket under good and bad clients; a selector of the test's own stands for the supervisor's."""

import contextlib
import os
import selectors
import socket
import stat
import threading
import time
import types

import pytest

from minova.up import control


class Watcher:
    """The part of the supervisor that the server needs."""

    def __init__(self):
        self._selector = selectors.DefaultSelector()

    def watch(self, channel, reader):
        self._selector.register(channel, selectors.EVENT_READ, reader)

    def unwatch(self, channel):
        self._selector.unregister(channel)

    def wait(self, timeout_seconds=0.02):
        for key, _ in self._selector.select(timeout_seconds):
            key.data.read()


class Served:
    def __init__(self, state_path):
        self.now, self.asked = 0.0, []
        self.watcher = Watcher()
        self.server = control.ControlServer(state_path, self.watcher, self._answer, clock=lambda: self.now)
        self.client = control.ControlClient(types.SimpleNamespace(control=self.server.path))

    def _answer(self, request):
        self.asked.append(request)
        return {"ok": request is not None, "error": "not understood", "services": []}

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(self.server.path)
        return connection

    def turn(self, times=10):
        for _ in range(times):
            self.watcher.wait(0)

    def send(self, *order):
        """Send from another thread while the loop turns; returns what the client returned or raised."""
        outcome = []

        def ask():
            try:
                outcome.append(self.client.send(*order))
            except control.ControlError as err:
                outcome.append(err)

        thread = threading.Thread(target=ask)
        thread.start()
        deadline = time.monotonic() + 20
        while thread.is_alive() and time.monotonic() < deadline:
            self.watcher.wait()
        thread.join(1)
        return outcome[0]


@pytest.fixture
def served(tmp_path):
    served = Served(str(tmp_path))
    yield served
    with contextlib.suppress(KeyError, ValueError):
        served.server.close()


def test_an_order_goes_in_and_its_answer_comes_out(served):
    assert served.send("kill", "compute") == {"ok": True, "error": "not understood", "services": []}
    assert served.asked == [{"action": "kill", "service": "compute"}]


def test_only_the_owner_may_connect(served):
    assert stat.S_IMODE(os.stat(served.server.path).st_mode) == 0o600


def test_silent_and_slow_clients_hold_nobody_up(served):
    silent = [served.connect() for _ in range(5)]
    slow = served.connect()
    slow.sendall(b'{"action": ')
    assert served.send("list")["ok"]
    served.now = control.CLIENT_SECONDS
    served.server.look()
    for connection in (*silent, slow):
        assert connection.recv(10) == b""
        connection.close()


def test_a_line_may_come_in_pieces(served):
    connection = served.connect()
    for piece in (b'{"action"', b": 1}", b"\n"):
        connection.sendall(piece)
        served.turn()
    assert b'"ok": true' in connection.recv(1000)
    assert served.asked == [{"action": 1}]
    connection.close()


def test_an_endless_line_is_cut_off(served):
    connection = served.connect()
    connection.sendall(b"x" * (control.LONGEST_LINE_BYTES + 1))
    served.turn()
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(10) == b""
    assert served.asked == []
    connection.close()


@pytest.mark.parametrize("line", [b"\xff\xfe", b"{", b"[" * 4000, b""])
def test_what_is_no_json_is_answered_with_a_refusal(served, line):
    connection = served.connect()
    connection.sendall(line + b"\n")
    served.turn()
    assert b'"ok": false' in connection.recv(1000)
    connection.close()


def test_a_client_that_leaves_is_forgotten(served):
    served.connect().close()
    hasty = served.connect()
    hasty.sendall(b"{}\n")
    hasty.close()
    served.turn()
    assert served.send("list")["ok"]


def test_too_many_clients_are_turned_away(served):
    waiting = []
    for _ in range(control.MOST_CLIENTS):
        waiting.append(served.connect())
        served.turn(1)
    late = served.connect()
    served.turn(2)
    assert late.recv(10) == b""
    for connection in (*waiting, late):
        connection.close()


def test_a_long_state_path_gets_a_socket_elsewhere_that_goes_away(tmp_path):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    served = Served(str(deep))
    directory = os.path.dirname(served.server.path)
    assert len(served.server.path) <= control.LONGEST_PATH_BYTES
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    assert served.send("list")["ok"]
    served.server.close()
    assert not os.path.exists(directory)


def test_a_socket_that_a_killed_run_left_is_replaced(served, tmp_path):
    served.watcher.unwatch(served.server._listener)
    served.server._listener.close()
    again = Served(str(tmp_path))
    assert again.send("list")["ok"]
    again.server.close()


def test_an_ended_server_is_told_of_in_a_sentence(served):
    served.server.close()
    assert "does not answer" in str(served.send("list"))


def test_a_start_that_is_not_over_is_told_of_in_a_sentence():
    with pytest.raises(control.ControlError, match="still starting"):
        control.ControlClient(types.SimpleNamespace(control="")).send("list")
