# SPDX-License-Identifier: Apache-2.0
"""Holds and faults of a real broker process, as its clients and its debugger see them."""

import contextlib
import time

import amqp
import pytest

from minova.debug.client import DebugClient, DebugError
from tests.broker_process import start_broker
from tests.free_ports import free_port

WAIT_SECONDS = 20


class Debugged:
    """A broker, its debugger, and a channel with confirms on and a queue `q`."""

    def __init__(self, broker, management_port):
        self.broker = broker
        self.debugger = DebugClient(f"http://127.0.0.1:{management_port}/api/", broker.url)
        self.connect()

    def connect(self, durable=False):
        self.connection = amqp.Connection(f"127.0.0.1:{self.broker.port}")
        self.connection.connect()
        self.channel = self.connection.channel()
        self.channel.confirm_select()
        self.channel.queue_declare("q", durable=durable, auto_delete=False)

    def publish(self, body, key="q", **properties):
        """Publish and wait for the confirm."""
        self.channel.basic_publish_confirm(amqp.Message(body, **properties), "", key)

    def get(self):
        found = self.channel.basic_get("q", no_ack=True)
        return found and found.body

    def ready(self):
        return self.channel.queue_declare("q", passive=True).message_count

    def wait_for(self, condition):
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, "this did not come true in time"
            time.sleep(0.01)

    @contextlib.contextmanager
    def tracer(self):
        """Yields a function that waits for so many copies of the debugger's and returns their routing keys."""
        with amqp.Connection(f"127.0.0.1:{self.broker.port}") as connection:
            channel = connection.channel()
            queue = channel.queue_declare(exclusive=True).queue
            channel.queue_bind(queue, "amq.rabbitmq.trace", "minova.#")
            copies = []
            channel.basic_consume(queue, no_ack=True, callback=copies.append)

            def wait(count):
                while len(copies) < count:
                    connection.drain_events(timeout=WAIT_SECONDS)
                return copies

            yield wait


@pytest.fixture(scope="module")
def debugged(tmp_path_factory):
    management_port = free_port()
    broker = start_broker(tmp_path_factory.mktemp("broker"), management_port=management_port)
    started = Debugged(broker, management_port)
    yield started
    started.connection.close()
    broker.stop()


@pytest.fixture(autouse=True)
def fresh(debugged):
    yield
    debugged.debugger.clear_faults()
    debugged.debugger.clear_holds()
    debugged.channel.queue_purge("q")


def test_held_message_counts_as_ready_and_is_not_given_out(debugged):
    debugged.debugger.add_hold(routing_key="q")
    debugged.publish("a")

    assert debugged.ready() == 1
    assert debugged.get() is None
    debugged.debugger.step()
    assert debugged.get() == "a"


def test_held_call_expires(debugged):
    debugged.debugger.add_hold(routing_key="q")
    with debugged.tracer() as wait:
        debugged.publish("a", expiration="50")
        keys = [copy.delivery_info["routing_key"] for copy in wait(2)]

    assert keys == ["minova.held.q", "minova.expired.q"]
    assert debugged.ready() == 0
    assert debugged.debugger.held() == []


def test_consumer_gets_what_passes_by_and_later_what_was_held(debugged):
    received = []
    channel = debugged.connection.channel()
    tag = channel.basic_consume("q", no_ack=True, callback=lambda message: received.append(message.body))
    debugged.debugger.add_hold(routing_key="q")
    debugged.publish("first")
    debugged.publish("second")
    with pytest.raises(TimeoutError):
        debugged.connection.drain_events(timeout=0.2)
    second = debugged.debugger.held()[1]
    for held_id in (second["id"], None):
        debugged.debugger.step(held_id)
        debugged.connection.drain_events(timeout=WAIT_SECONDS)
    channel.basic_cancel(tag)

    assert received == ["second", "first"]


def test_deleted_queue_tells_of_held_messages_too(debugged):
    debugged.debugger.add_hold(routing_key="q")
    debugged.publish("a")
    channel = debugged.connection.channel()
    with pytest.raises(amqp.PreconditionFailed, match="not empty"):
        channel.queue_delete("q", if_empty=True)

    assert debugged.channel.queue_delete("q") == 1
    assert debugged.debugger.held() == []
    debugged.channel.queue_declare("q", auto_delete=False)


def test_dropped_message_is_confirmed_and_not_returned(debugged):
    debugged.debugger.add_fault(action="drop", routing_key="q", count=1)
    returned = []
    debugged.channel.events["basic_return"].add(lambda *args: returned.append(args))
    debugged.channel.basic_publish_confirm(amqp.Message("lost"), "", "q", mandatory=True)
    debugged.publish("kept")

    assert debugged.get() == "kept"
    assert returned == []
    (fault,) = debugged.debugger.faults()
    assert (fault["strikes"], fault["spent"]) == (1, True)


def test_what_happens_to_messages_is_told_to_who_is_bound(debugged):
    with debugged.tracer() as wait:
        fault = debugged.debugger.add_fault(action="drop", routing_key="q", count=1)
        for action in ("duplicate", "corrupt"):
            debugged.debugger.add_fault(action=action, routing_key="q", count=1)
        debugged.debugger.add_fault(action="delay", delay_seconds=0.01, routing_key="q", count=1)
        for number in range(4):
            debugged.publish(str(number), app_id="test")
        debugged.debugger.add_hold(routing_key="q")
        debugged.debugger.step()
        copies = wait(9)

    told = [(copy.delivery_info["routing_key"], copy.body) for copy in copies]
    assert told[:4] == [
        ("minova.dropped.q", b"0"),
        ("minova.duplicated.q", b"1"),
        ("minova.corrupted.q", b"2"),
        ("minova.delayed.q", b"3"),
    ]
    assert {key for key, _ in told[4:]} == {"minova.held.q", "minova.released.q"}
    first = copies[0].headers
    assert (first["routing_keys"], first["exchange_name"], first["properties"]["app_id"]) == (
        ["q"],
        "",
        "test",
    )
    assert (first["user"], first["vhost"], first["fault"]) == ("guest", "/", fault["id"])


def test_refusal_is_told(debugged):
    with pytest.raises(DebugError, match="The broker refuses: say which messages by one of method"):
        debugged.debugger.add_hold()
    with pytest.raises(DebugError, match="^No message is held.$"):
        debugged.debugger.step()
    with pytest.raises(DebugError, match="^There is no fault 99.$"):
        debugged.debugger.clear_faults(99)


def test_durable_broker_keeps_what_was_held_and_forgets_the_hold(tmp_path):
    management_port = free_port()
    options = {"durable": True, "durable_file": tmp_path / "store", "management_port": management_port}
    broker = start_broker(tmp_path, **options)
    debugged = Debugged(broker, management_port)
    debugged.channel.queue_delete("q")
    debugged.channel.queue_declare("q", durable=True, auto_delete=False)
    debugged.debugger.add_hold(routing_key="q")
    debugged.debugger.add_fault(action="drop", method="m")
    debugged.publish("kept", delivery_mode=2)
    assert len(debugged.debugger.held()) == 1
    broker.restart()
    debugged.connect(durable=True)

    assert debugged.debugger.holds() == debugged.debugger.held() == debugged.debugger.faults() == []
    assert debugged.get() == "kept"
    debugged.connection.close()
    broker.stop()
