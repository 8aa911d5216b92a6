# SPDX-License-Identifier: Apache-2.0
"""The firehose is read from real brokers: the embedded one, and RabbitMQ with tracing on and off."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import amqp
import pytest

from minova.trace import firehose as firehose_module
from minova.trace.firehose import BrokerAddress, Firehose, TraceError, broker_addresses, connect
from minova.up.settings import without_password
from tests import broker_process, tracing

DEADLINE_SECONDS = 60
CALL = {"method": "ping", "args": {}, "_msg_id": "m1", "_context_sender": "minova-api@box"}
# So long that a socket has room for few of those that a test sends.
LONG_CALL = CALL | {"args": {"text": 40_000 * "x"}}
REPLY = {"result": "pong", "failure": None, "ending": True, "_msg_id": "m1"}


@pytest.fixture(scope="module", params=["embedded", "rabbitmq"])
def traced_url(request, tmp_path_factory):
    """A broker that traces."""
    if request.param == "embedded":
        broker = broker_process.start_broker(tmp_path_factory.mktemp("broker"))
        yield broker.url
        broker.stop()
    else:
        url = request.getfixturevalue("rabbitmq_url")
        tracing.control("trace_on", url)
        yield url
        tracing.control("trace_off", url)


def publish(url, exchange, routing_key, content, times=1):
    parts = urllib.parse.urlsplit(url)
    host = f"{parts.hostname}:{parts.port}"
    envelope = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(content)})
    with amqp.Connection(host=host, virtual_host=tracing.virtual_host(url)) as connection:
        channel = connection.channel()
        if exchange:
            channel.exchange_declare(exchange, "topic", auto_delete=False)
        for _ in range(times):
            channel.basic_publish(amqp.Message(envelope), exchange=exchange, routing_key=routing_key)
        # Anything that is answered: the broker has by then seen what was published.
        channel.queue_declare("", exclusive=True)


def collect(firehose, count):
    messages = []
    for message in firehose.messages(time.monotonic() + DEADLINE_SECONDS):
        messages += [message] if message else []
        if len(messages) == count:
            return messages
    raise AssertionError(f"only {messages}")


def test_messages_are_seen_and_replies_matched(traced_url):
    with Firehose(traced_url) as firehose:
        assert firehose.is_on()
        publish(traced_url, "minova", "compute.host1", CALL)
        publish(traced_url, "", "reply_1", REPLY)
        call, reply = collect(firehose, 2)
    assert (call.kind, call.exchange, call.routing_key) == ("call", "minova", "compute.host1")
    assert (reply.kind, reply.method, reply.recipient) == ("reply", "ping", "minova-api@box")


def test_what_finds_no_queue_is_told_as_far_as_the_broker_knows(traced_url, request):
    with Firehose(traced_url) as firehose:
        assert firehose.is_on()
        publish(traced_url, "minova", "nowhere", CALL)
        publish(traced_url, "", "reply_nowhere", REPLY)
        publish(traced_url, "minova", "nowhere", CALL)
        call, reply, _ = collect(firehose, 3)
    assert [note["text"] for note in call.notes] == ["no queue is bound there: nobody will get it"]
    # RabbitMQ's copy looks as if there were a queue.
    is_embedded = request.node.callspec.params["traced_url"] == "embedded"
    told = ["there is no queue reply_nowhere: nobody will get it"] if is_embedded else []
    assert [note["text"] for note in reply.notes] == told


def test_a_reader_that_was_away_fills_no_broker_and_is_told(traced_url):
    with Firehose(traced_url, limit=50) as firehose:
        assert firehose.is_on()
        assert firehose.lost_copies() == 0
        for number in range(10):
            publish(traced_url, "minova", f"a{number}", LONG_CALL, times=30)
        came = []
        deadline = time.monotonic() + DEADLINE_SECONDS
        for message in firehose.messages(deadline):
            came += [message.routing_key] if message else []
            if came.count("a9") == 30:
                break
        assert len(came) < 300
        # Its reader looks for that every second.
        lost = 0
        for _ in firehose.events(deadline):
            lost += firehose.lost_copies()
            if lost >= 300 - len(came):
                break
        assert lost == 300 - len(came)


def test_rabbitmq_that_does_not_trace_is_noticed(rabbitmq_url):
    tracing.control("trace_off", rabbitmq_url)
    with Firehose(rabbitmq_url) as firehose:
        assert not firehose.is_on()


def test_the_command_says_what_to_type_when_tracing_is_off(rabbitmq_url):
    tracing.control("trace_off", rabbitmq_url)
    done = minova_trace("--transport-url", rabbitmq_url, "--for", "0.1")
    assert done.returncode == 0
    assert f"rabbitmqctl trace_on -p {tracing.virtual_host(rabbitmq_url)}" in done.stderr


def test_the_command_prints_a_line_per_message(tmp_path):
    broker = broker_process.start_broker(tmp_path)
    trace = subprocess.Popen(
        [sys.executable, "-m", "minova.cmd.cli", "trace", "--transport-url", broker.url, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = first_line(trace, lambda: publish(broker.url, "minova", "compute.host1", CALL))
        assert json.loads(line)["method"] == "ping"
        trace.send_signal(2)
        assert trace.wait(timeout=DEADLINE_SECONDS) == 0
        assert trace.stderr.read().splitlines() == [
            f"Listening to {without_password(broker.url)}; Ctrl-C ends it."
        ]
    finally:
        trace.kill()
        trace.communicate()
        broker.stop()


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_greeting_is_not_waited_for_longer_than_asked(family, host):
    with socket.socket(family) as silent:
        try:
            silent.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        silent.listen()
        address = BrokerAddress(host, silent.getsockname()[1], "guest", "guest", "/")
        with pytest.raises(TimeoutError):
            connect(address, connect_seconds=0.1)
        # It was there: what had to wait was its greeting.
        silent.accept()[0].close()


def test_a_broker_that_stops_is_not_waited_for_longer_than_asked(tmp_path):
    broker = broker_process.start_broker(tmp_path)
    try:
        connection = connect(broker_addresses(broker.url)[0], silence_seconds=0.1)
        broker.send_signal(signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            connection.channel()
    finally:
        broker.kill()


def test_a_broker_that_goes_away_is_told(tmp_path):
    broker = broker_process.start_broker(tmp_path)
    with Firehose(broker.url) as firehose:
        broker.kill()
        with pytest.raises(TraceError, match="The broker has closed the connection"):
            collect(firehose, 1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [("rabbit://127.0.0.1:1/", "No broker lets us in at 127.0.0.1:1"), ("fake://", "is not a transport")],
)
def test_what_cannot_be_traced_is_told(url, reason):
    done = minova_trace("--transport-url", url)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def minova_trace(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "minova.cmd.cli", "trace", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )


def first_line(process, publish_again):
    """The first line of its output; messages are sent until it listens."""
    lines = []
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline()), daemon=True)
    reader.start()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while reader.is_alive() and time.monotonic() < deadline:
        publish_again()
        reader.join(0.1)
    return lines[0]


def test_a_reader_that_does_not_read_does_not_fill_the_broker(tmp_path, monkeypatch):
    """A paused page once cost the broker a kilobyte for every message of the others."""
    monkeypatch.setattr(firehose_module, "QUEUE_BYTES", 1_000_000)
    broker = broker_process.start_broker(tmp_path)
    with Firehose(broker.url) as firehose:
        for number in range(400):
            # More than the system takes for a connection that nobody reads.
            content = {
                **CALL,
                "args": {"pad": "x" * 100_000},
                "_unique_id": str(number),
                "_msg_id": str(number),
            }
            publish(broker.url, "", "nowhere", content)
        seen = []
        for message in firehose.messages(time.monotonic() + DEADLINE_SECONDS):
            seen += [message.unique_id] if message else []
            if "399" in seen:
                break
    broker.stop()
    assert len(seen) < 400
    # The oldest went, and what is left is in order.
    assert seen == sorted(seen, key=int)
