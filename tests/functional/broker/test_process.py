# SPDX-License-Identifier: Apache-2.0
"""The process: start, stop, and what it says when it cannot."""

import contextlib
import importlib.metadata
import socket
import subprocess
import sys
import time

import amqp
import pytest

from minova.broker import frame
from tests.broker_process import start_broker
from tests.broker_wire import START_OK, TUNE_OK

WAIT_SECONDS = 60
# Half a second on an idle machine, and less than any client is waited for otherwise.
SOON_SECONDS = 10


@pytest.fixture
def own_broker(tmp_path):
    broker = start_broker(tmp_path)
    yield broker
    broker.stop()


def run_broker(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "minova.cmd.broker", *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def test_port_that_is_taken_is_one_sentence_and_exit_code_1():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_broker("--port", str(port))
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"cannot listen on 127.0.0.1 port {port} (Address already in use)" in done.stderr


def test_broker_says_which_minova_it_is(own_broker):
    with own_broker.connect() as connection:
        properties = connection.server_properties
    assert properties["version"] == importlib.metadata.version("minova")


def test_wrong_option_is_one_sentence_and_exit_code_1(tmp_path):
    path = tmp_path / "minova.conf"
    path.write_text("[broker]\nframe_max = 12\n")
    done = run_broker("--config-file", str(path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "frame_max" in done.stderr


def test_wrong_definitions_file_is_one_sentence_and_exit_code_1(tmp_path):
    definitions = tmp_path / "definitions.json"
    definitions.write_text('{"users": [], "vhosts": 1}')
    path = tmp_path / "minova.conf"
    path.write_text(f"[broker]\ndefinitions_file = {definitions}\n")
    done = run_broker("--config-file", str(path))
    assert done.returncode == 1
    assert done.stderr == f"minova-broker: {definitions}: $.vhosts: does not keep to type array\n"


def test_sigterm_closes_connections_with_320_and_ends_soon(own_broker):
    connection = own_broker.connect()
    before = time.monotonic()
    own_broker.ask_to_stop()
    with pytest.raises(amqp.ConnectionForced) as caught:
        connection.drain_events(timeout=WAIT_SECONDS)
    assert caught.value.reply_code == 320
    assert (
        caught.value.reply_text
        == "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"
    )
    assert own_broker.stop() == 0
    assert time.monotonic() - before < SOON_SECONDS


def test_sigterm_does_not_wait_for_a_client_that_does_not_answer(own_broker):
    with socket.create_connection(("127.0.0.1", own_broker.port)) as silent:
        silent.sendall(b"AMQP\x00\x00\x09\x01")
        before = time.monotonic()
        assert own_broker.stop() == 0
        assert time.monotonic() - before < SOON_SECONDS


def test_nothing_is_left_after_a_restart(own_broker):
    channel = own_broker.connect().channel()
    channel.queue_declare("q", auto_delete=False)
    own_broker.restart()
    with pytest.raises(amqp.NotFound):
        own_broker.connect().channel().queue_declare("q", passive=True)


def test_silent_client_is_cut_off_after_two_heartbeats(own_broker):
    connection = own_broker.connect(heartbeat=1)
    channel = connection.channel()
    name = channel.queue_declare(exclusive=True).queue
    with own_broker.connect() as other:
        until(lambda: not exists(other, name))
    assert "missed heartbeats from client, timeout: 1s" in own_broker.log()


def test_client_that_stops_before_open_is_cut_off(tmp_path):
    # The deadline used to end with Connection.TuneOk: a client that sent no Open stayed for ever.
    broker = start_broker(tmp_path, handshake_timeout=1)
    try:
        with socket.create_connection(("127.0.0.1", broker.port), timeout=WAIT_SECONDS) as client:
            client.sendall(frame.PROTOCOL_HEADER + START_OK + TUNE_OK)
            while client.recv(4096):
                pass
        assert "no handshake within 1s" in broker.log()
    finally:
        broker.stop()


def test_connections_above_the_limit_are_refused(tmp_path):
    broker = start_broker(tmp_path, max_connections=2)
    try:
        # Both are kept: the garbage collector closes one that nobody holds.
        first, second = broker.connect(), broker.connect()
        with pytest.raises(amqp.NotAllowed) as caught:
            broker.connect()
        assert (
            caught.value.reply_text
            == "NOT_ALLOWED - connection refused: node connection limit (2) is reached"
        )
        first.close()
        broker.connect().close()
        second.close()
    finally:
        broker.stop()


def test_heartbeats_keep_a_quiet_client(own_broker):
    connection = own_broker.connect(heartbeat=1)
    name = connection.channel().queue_declare(exclusive=True).queue
    end = time.monotonic() + 4
    while time.monotonic() < end:
        connection.heartbeat_tick()  # raises when the broker's own heartbeats do not come
        with contextlib.suppress(socket.timeout):
            connection.drain_events(timeout=0.2)
    connection.channel().queue_declare(name, passive=True)
    connection.close()


def exists(connection, name):
    try:
        connection.channel().queue_declare(name, passive=True)
    except amqp.ResourceLocked:
        return True
    except amqp.NotFound:
        return False
    raise AssertionError("another connection's exclusive queue was handed out")


def until(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
