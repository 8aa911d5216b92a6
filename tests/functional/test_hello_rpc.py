# SPDX-License-Identifier: Apache-2.0
"""scripts/hello_rpc as real processes: the client and two servers, on each broker that is at hand."""

import configparser
import os
import pathlib
import re
import subprocess
import sys
import threading

import pytest

from tests import broker_process

ROOT = pathlib.Path(__file__).parents[2]
HELLO_RPC = ROOT / "scripts" / "hello_rpc"


@pytest.fixture(scope="module", params=["embedded_broker", "rabbitmq_with_quorum_queues"])
def bus(request):
    """(transport URL, environment) of a broker."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def embedded_broker(tmp_path_factory):
    broker = broker_process.start_broker(tmp_path_factory.mktemp("broker"))
    yield broker.url, {}
    broker.stop()


@pytest.fixture(scope="module")
def rabbitmq_with_quorum_queues(rabbitmq_url):
    """With the settings that minova ships for RabbitMQ, which hello_rpc reads from the environment."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "deploy" / "minova.conf")
    group = "oslo_messaging_rabbit"
    return rabbitmq_url, {f"OS_{group}__{name}".upper(): value for name, value in settings[group].items()}


class Server:
    """One server.py, whose output a thread collects."""

    def __init__(self, name, url, environment):
        self.lines = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, HELLO_RPC / "server.py", name, "--transport-url", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def wait_for(self, text, timeout_seconds=30):
        with self._news:
            found = self._news.wait_for(lambda: any(text in line for line in self.lines), timeout_seconds)
        assert found, f"no {text!r} in {self.lines}"

    def stop(self):
        self._process.terminate()
        try:
            return self._process.wait(timeout=30)
        finally:
            self._process.kill()
            self._reader.join()


@pytest.fixture(scope="module")
def hello(bus):
    """Client and servers after one run: the client's steps as {title: outcome}, and both servers."""
    url, environment = bus
    servers = [Server(name, url, environment) for name in ("server1", "server2")]
    try:
        for server in servers:
            server.wait_for("ready")
        client = subprocess.run(
            [sys.executable, HELLO_RPC / "client.py", "--transport-url", url],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | environment,
        )
        assert client.returncode == 0, client.stderr
        servers[0].wait_for("hello('again')")
        servers[1].wait_for("hello('everyone')")
        yield steps(client.stdout), servers
    finally:
        statuses = [server.stop() for server in servers]
    assert statuses == [0, 0]


def steps(output):
    found = re.findall(r"^(\S.*)\n  after +\d+ ms: (.*)$", output, re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize(
    ("title", "outcome"),
    [
        ("call to server1: wait for the answer", "'Hello world, this is server1.'"),
        ("call to the topic: any one server answers", "'Hello anyone, this is server"),
        ("cast: go on at once, server1 still works", "None"),
        ("fanout: every server gets it", "None"),
        ("an error that the server expects", "PermissionError: alice may not open the door"),
        ("an error that the server does not expect", "ZeroDivisionError: division by zero"),
        ("an error whose class the client does not know", "RemoteError: Remote error: OutOfGreetings"),
        ("no such method", "RemoteError: Remote error: NoSuchMethod"),
        ("wrong arguments", "TypeError: "),
        ("a version that the server does not have", "RemoteError: Remote error: UnsupportedVersion"),
        ("a version that the client is pinned below: nothing is sent", "RPCVersionCapError: "),
        ("a server slower than the timeout", "MessagingTimeout: "),
        ("a cast that server1 refuses", "None"),
        ("a cast in which server1 fails", "None"),
        ("a cast to a server that does not exist", "None"),
        ("a call to a server that does not exist", "MessagingTimeout: "),
        ("the same cast, sent at least once", "MessageUndeliverable: "),
        ("and the client goes on", "'Hello again, this is server1.'"),
    ],
)
def test_client_sees(hello, title, outcome):
    outcomes, _servers = hello
    assert outcomes[title].startswith(outcome)


def test_fanout_reaches_both_servers(hello):
    _outcomes, servers = hello
    for server in servers:
        assert sum("hello('everyone')" in line for line in server.lines) == 1


def test_only_the_server_knows_of_the_refused_cast(hello):
    outcomes, (server1, _server2) = hello
    assert outcomes["a cast that server1 refuses"] == "None"
    # One refusal answered a call, the other was a cast.
    assert sum("open_door() refused" in line for line in server1.lines) == 2


def test_expected_error_leaves_no_traceback_at_the_server(hello):
    _outcomes, (server1, _server2) = hello
    text = "\n".join(server1.lines)
    assert "ZeroDivisionError" in text
    assert "PermissionError" not in text
