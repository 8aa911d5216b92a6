# SPDX-License-Identifier: Apache-2.0
"""The management API of a real broker, used by RabbitMQ's own rabbitmqadmin and by whoever sends it garbage."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import amqp
import amqpstorm.management
import pytest

from tests.broker_process import start_broker
from tests.http_client import get_management

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    process = start_broker(tmp_path_factory.mktemp("broker"), management_port=0, vhosts="/,other")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def port(broker):
    return int(await_log(broker, r"management API at http://127\.0\.0\.1:(\d+)/api/"))


@pytest.fixture
def admin(port, tmp_path):
    """Call the stock rabbitmqadmin; return what it prints."""
    script = shutil.which("rabbitmqadmin")
    if script is None:
        # Debian's package rabbitmq-server has it; a RabbitMQ gives it away at /cli/rabbitmqadmin.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "there is no rabbitmqadmin on the PATH"
        )

    def run(*arguments, status=0):
        command = [sys.executable, script, "-P", str(port), "-H", "127.0.0.1", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=WAIT_SECONDS, cwd=tmp_path, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def await_log(broker, pattern):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = re.search(pattern, broker.log())
        if found:
            return found.group(1)
        time.sleep(0.02)
    raise AssertionError(broker.log())


def rows(printed):
    """The rows of what rabbitmqadmin prints with `-f tsv`, without their head."""
    return [line.split("\t") for line in printed.splitlines()[1:]]


def test_rabbitmqadmin_declares_lists_and_deletes(admin):
    assert admin("declare", "exchange", "name=x", "type=topic") == "exchange declared\n"
    assert admin("declare", "queue", "name=q", 'arguments={"x-message-ttl":60000}') == "queue declared\n"
    assert admin("declare", "binding", "source=x", "destination=q", "routing_key=a.*") == "binding declared\n"
    assert ["x", "topic"] in rows(admin("-f", "tsv", "list", "exchanges"))
    assert rows(admin("-f", "tsv", "list", "queues")) == [["q", "0"]]
    assert rows(admin("-f", "tsv", "list", "bindings")) == [["", "q", "q"], ["x", "q", "a.*"]]
    long = admin("-f", "long", "-d", "2", "list", "queues", "name", "arguments.x-message-ttl", "durable")
    assert re.search(r"arguments.x-message-ttl: 60000\n +durable: True", long)
    arguments = ("source=x", "destination_type=queue", "destination=q", "properties_key=a.%2A")
    assert admin("delete", "binding", *arguments) == "binding deleted\n"
    assert admin("delete", "queue", "name=q") == "queue deleted\n"
    assert admin("delete", "exchange", "name=x") == "exchange deleted\n"
    assert "Not found: /api/queues/%2F/q" in admin("delete", "queue", "name=q", status=1)
    assert "invalid exchange type 'none'" in admin("declare", "exchange", "name=x", "type=none", status=1)


def test_rabbitmqadmin_publishes_gets_and_purges(admin, tmp_path):
    admin("-V", "other", "declare", "queue", "name=mail")
    for payload in ("one", "two"):
        printed = admin("-V", "other", "publish", "routing_key=mail", f"payload={payload}")
        assert printed == "Message published\n"
    assert (
        admin("-V", "other", "publish", "routing_key=none", "payload=x")
        == "Message published but NOT routed\n"
    )
    head, *messages = admin("-V", "other", "-f", "tsv", "get", "queue=mail", "count=2").splitlines()
    assert [dict(zip(head.split("\t"), row.split("\t"), strict=True))["payload"] for row in messages] == [
        "one",
        "two",
    ]
    admin("-V", "other", "get", "queue=mail", "ackmode=ack_requeue_false", "payload_file=first")
    assert (tmp_path / "first").read_text() == "one"
    assert rows(admin("-V", "other", "-f", "tsv", "list", "queues", "vhost", "name", "messages")) == [
        ["other", "mail", "1"]
    ]
    assert admin("-V", "other", "purge", "queue", "name=mail") == "queue purged\n"
    assert admin("-V", "other", "get", "queue=mail") == "No items\n"


def test_rabbitmqadmin_shows_connections_and_closes_one(broker, admin):
    connection = amqp.Connection(f"127.0.0.1:{broker.port}", client_properties={"connection_name": "watched"})
    connection.connect()
    channel = connection.channel()
    channel.queue_declare("watched", exclusive=True)
    channel.basic_consume("watched", consumer_tag="tag")
    ((name, user, channels),) = rows(admin("-f", "tsv", "list", "connections"))
    assert (user, channels) == ("guest", "1")
    assert rows(admin("-f", "tsv", "list", "channels")) == [[f"{name} (1)", "guest"]]
    assert rows(admin("-f", "tsv", "list", "consumers", "queue.name", "consumer_tag")) == [["watched", "tag"]]
    assert admin("close", "connection", f"name={name}") == "connection closed\n"
    with pytest.raises(amqp.ConnectionForced, match="Closed via management plugin"):
        connection.drain_events(timeout=WAIT_SECONDS)


@pytest.mark.parametrize(
    "what", ["vhosts", "users", "permissions", "nodes", "parameters", "policies", "vhost_limits"]
)
def test_rabbitmqadmin_lists(admin, what):
    assert ("No items" in admin("list", what)) is (what in ("parameters", "policies", "vhost_limits"))


def test_rabbitmqadmin_shows_the_overview_and_exports(admin, tmp_path):
    assert "3.10.8" in admin("show", "overview")
    admin("export", "definitions.json")
    definitions = json.loads((tmp_path / "definitions.json").read_text())
    assert [vhost["name"] for vhost in definitions["vhosts"]] == ["/", "other"]
    assert definitions["permissions"][0]["user"] == "guest"


def test_rabbitmqadmin_makes_vhosts_and_users_and_imports_them(admin, port, tmp_path):
    assert admin("declare", "vhost", "name=made") == "vhost declared\n"
    assert admin("declare", "user", "name=ann", "password=secret", "tags=management") == "user declared\n"
    everything = ("configure=.*", "write=.*", "read=.*")
    assert admin("declare", "permission", "vhost=made", "user=ann", *everything) == "permission declared\n"
    as_ann = ("-u", "ann", "-p", "secret", "-V", "made")
    assert admin(*as_ann, "declare", "queue", "name=anns", "durable=false") == "queue declared\n"
    admin("export", "all.json")
    assert admin("delete", "vhost", "name=made") == "vhost deleted\n"
    assert admin("delete", "user", "name=ann") == "user deleted\n"
    assert "Access refused" in admin(*as_ann, "list", "queues", status=1)
    assert admin("import", "all.json").startswith("Uploaded definitions")
    assert rows(admin(*as_ann, "-f", "tsv", "list", "queues", "name", "durable")) == [["anns", "False"]]
    assert admin("delete", "permission", "vhost=made", "user=ann") == "permission deleted\n"
    admin("delete", "vhost", "name=made")
    admin("delete", "user", "name=ann")


def test_rabbitmqadmin_is_refused_with_a_wrong_password(admin):
    assert "Access refused: /api/queues" in admin("-p", "wrong", "list", "queues", status=1)


def test_amqpstorm_manages(broker, port):
    api = amqpstorm.management.ManagementApi(
        f"http://127.0.0.1:{port}", "guest", "guest", timeout=WAIT_SECONDS
    )
    assert api.aliveness_test("/") == {"status": "ok"}
    api.queue.declare("storm", durable=True, arguments={"x-max-length": 5})
    api.exchange.declare("storm", exchange_type="fanout")
    api.queue.bind(queue="storm", exchange="storm", routing_key="", virtual_host="/")
    assert api.basic.publish("hello", "", exchange="storm", properties={"priority": 3}) == {"routed": True}
    (message,) = api.basic.get("storm", requeue=False)
    assert (message.body, message.properties["priority"]) == ("hello", 3)
    assert [queue["name"] for queue in api.queue.list(name="^STO.m$", use_regex=True)] == ["storm"]
    with pytest.raises(amqpstorm.management.ApiError, match="NOT-FOUND"):
        api.queue.get("none")
    with amqpstorm.Connection("127.0.0.1", "guest", "guest", port=broker.port) as connection:
        assert api.connection.get(connection_name(api))["user"] == "guest"
        api.connection.close(connection_name(api), reason="enough")
        with pytest.raises(amqpstorm.AMQPConnectionError, match="enough"):
            check_until_closed(connection)
    api.exchange.delete("storm")
    api.queue.delete("storm")


def connection_name(api):
    (connection,) = api.connection.list()
    return connection["name"]


def check_until_closed(connection):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        connection.check_for_errors()
        time.sleep(0.02)


def test_rates_are_those_of_the_last_seconds(broker, port):
    connection = amqp.Connection(f"127.0.0.1:{broker.port}")
    connection.connect()
    channel = connection.channel()
    channel.queue_declare("rated", exclusive=True)
    deadline = time.monotonic() + WAIT_SECONDS
    rate = 0
    while not rate and time.monotonic() < deadline:
        channel.basic_publish(amqp.Message("x"), routing_key="rated")
        rate = (
            get_management(port, "queues/%2F/rated")
            .get("message_stats", {})
            .get("publish_details", {})
            .get("rate", 0)
        )
        time.sleep(0.05)
    assert 0 < rate < 1000
    assert get_management(port, "overview")["message_stats"]["publish_details"]["rate"] > 0
    connection.close()


GARBAGE = [
    b"\x00" * 1000,
    b"AMQP\x00\x00\x09\x01",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /api/overview HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 100_000,
    b"GET /" + b"a" * 1_000_000,
    b"POST /api/x HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
    b"POST /api/x HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n" + b"x" * 20_000_000,
    b"POST /api/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
    b"GET /api/whoami HTTP/1.1\r\nhost: x\r\nauthorization: Basic " + b"A" * 10_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_refused_and_hurts_nobody(broker, port, garbage):
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) as client:
        try:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(100)
        except TimeoutError:
            raise
        except OSError:  # it has closed while it was still being talked to
            answer = b"HTTP/1.1 4"
    assert answer.startswith(b"HTTP/1.1 4")
    assert get_management(port, "aliveness-test/%2F") == {"status": "ok"}
    assert "Traceback" not in broker.log()


def test_clients_that_do_nothing_keep_nobody_out(port):
    idle = [socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS) for _ in range(50)]
    for client in idle:
        client.sendall(b"GET /api/overview HTTP/1.1\r\n")
    assert get_management(port, "whoami")["name"] == "guest"
    for client in idle:
        client.close()


def test_a_port_that_is_taken_is_one_sentence_and_exit_code_1(tmp_path):
    path = tmp_path / "minova.conf"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        path.write_text(f"[broker]\nport = 0\nmanagement_port = {number}\n")
        done = subprocess.run(
            [sys.executable, "-m", "minova.cmd.broker", "--config-file", str(path)],
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {number} (Address already in use)" in done.stderr
    assert "[broker] management_port" in done.stderr
