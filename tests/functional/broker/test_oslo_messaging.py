# SPDX-License-Identifier: Apache-2.0
"""What oslo.messaging's rabbit driver, unmodified, does on the embedded broker."""

import queue
import threading
import uuid

import oslo_messaging as messaging
import pytest
from oslo_config import cfg

from tests.broker_process import start_broker
from tests.waiting import wait_until

WAIT_SECONDS = 60


class Endpoint:
    """Answers, and writes down what it was asked."""

    def __init__(self):
        self.seen = queue.Queue()
        self.release = threading.Event()

    def echo(self, ctxt, value):
        self.seen.put(value)
        return value

    def fail(self, ctxt, text):
        raise ValueError(text)

    def slow(self, ctxt):
        self.release.wait(WAIT_SECONDS)
        return "done"


class Bus:
    """Transports, servers and clients on one broker, under a topic of their own."""

    def __init__(self, url):
        self.url = url
        self.topic = "topic-" + uuid.uuid4().hex[:8]
        self._transports = []
        self._servers = []

    def transport(self):
        transport = messaging.get_rpc_transport(cfg.CONF, url=self.url)
        self._transports.append(transport)
        return transport

    def serve(self, server="host1"):
        endpoint = Endpoint()
        target = messaging.Target(topic=self.topic, server=server)
        transport = messaging.get_rpc_transport(cfg.CONF, url=self.url)
        rpc_server = messaging.get_rpc_server(transport, target, [endpoint])
        rpc_server.start()
        self._servers.append((rpc_server, transport))
        return endpoint

    def stop_servers(self):
        while self._servers:
            server, transport = self._servers.pop()
            server.stop()
            server.wait()
            transport.cleanup()

    def client(self, timeout=WAIT_SECONDS, **kwargs):
        return messaging.get_rpc_client(
            self.transport(), messaging.Target(topic=self.topic), timeout=timeout, **kwargs
        )

    def close(self):
        self.stop_servers()
        for transport in self._transports:
            transport.cleanup()


@pytest.fixture
def configure(tmp_path):
    """Set options of the rabbit driver, on the global CONF because some of oslo.messaging knows no other."""

    def write_and_read(**options):
        path = tmp_path / "messaging.conf"
        lines = [f"{name} = {value}" for name, value in options.items()]
        path.write_text("\n".join(["[oslo_messaging_rabbit]", *lines, ""]))
        cfg.CONF(["--config-file", str(path)], project="minova-test")

    yield write_and_read
    cfg.CONF.reset()


@pytest.fixture
def conf(configure):
    configure(kombu_reconnect_delay=0.1, rabbit_retry_interval=1)


@pytest.fixture
def bus(broker, conf):
    made = Bus(broker.url)
    yield made
    made.close()


def answers(client):
    # A message that arrives before the server has declared its queues again is lost: on every broker.
    try:
        return client.prepare(timeout=1).call({}, "echo", value=2) == 2
    except messaging.MessagingTimeout:
        return False


def test_call_returns_what_the_server_answers(bus):
    bus.serve()
    assert bus.client().call({}, "echo", value={"a": [1, None, "é"]}) == {"a": [1, None, "é"]}


def test_call_raises_what_the_server_raises(bus):
    bus.serve()
    with pytest.raises(ValueError, match="on purpose"):
        bus.client().call({}, "fail", text="on purpose")


def test_cast_reaches_one_of_two_servers(bus):
    endpoints = [bus.serve("host1"), bus.serve("host2")]
    client = bus.client()
    for number in range(10):
        client.cast({}, "echo", value=number)
    wait_until(lambda: sum(endpoint.seen.qsize() for endpoint in endpoints) == 10)
    assert all(endpoint.seen.qsize() == 5 for endpoint in endpoints)


def test_cast_to_a_server_reaches_that_one(bus):
    endpoints = [bus.serve("host1"), bus.serve("host2")]
    bus.client().prepare(server="host2").cast({}, "echo", value="for host2")
    assert endpoints[1].seen.get(timeout=WAIT_SECONDS) == "for host2"
    assert endpoints[0].seen.empty()


def test_fanout_reaches_all_servers(bus):
    endpoints = [bus.serve("host1"), bus.serve("host2")]
    bus.client().prepare(fanout=True).cast({}, "echo", value="for all")
    assert [endpoint.seen.get(timeout=WAIT_SECONDS) for endpoint in endpoints] == ["for all", "for all"]


def test_call_larger_than_a_frame(bus):
    bus.serve()
    value = "x" * 1_000_000
    assert bus.client().call({}, "echo", value=value) == value


def test_call_waits_for_a_server_that_starts_later(bus):
    first = bus.serve()
    client = bus.client()
    assert client.call({}, "echo", value=1) == 1
    bus.stop_servers()
    answers = queue.Queue()
    thread = threading.Thread(target=lambda: answers.put(client.call({}, "echo", value=2)))
    thread.start()
    second = bus.serve()
    assert answers.get(timeout=WAIT_SECONDS) == 2
    thread.join()
    assert first.seen.qsize() == 1
    assert second.seen.qsize() == 1


def test_call_without_an_answer_times_out(bus):
    endpoint = bus.serve()
    with pytest.raises(messaging.MessagingTimeout):
        bus.client(timeout=1).call({}, "slow")
    endpoint.release.set()


def test_monitored_call_outlives_the_monitor_timeout(bus):
    endpoint = bus.serve()
    client = bus.client().prepare(timeout=WAIT_SECONDS, call_monitor_timeout=2)
    timer = threading.Timer(3, endpoint.release.set)
    timer.start()
    assert client.call({}, "slow") == "done"


def test_call_that_timed_out_never_runs(bus):
    bus.serve()
    client = bus.client(timeout=1)
    client.call({}, "echo", value="first")
    bus.stop_servers()
    with pytest.raises(messaging.MessagingTimeout):
        client.call({}, "echo", value="too late")
    second = bus.serve()
    client.call({}, "echo", value="in time")
    assert second.seen.get(timeout=WAIT_SECONDS) == "in time"
    assert second.seen.empty()


def test_cast_to_a_missing_queue_is_lost_in_silence(bus):
    bus.serve()
    bus.client().prepare(server="nobody").cast({}, "echo", value=1)


def test_at_least_once_tells_of_a_missing_queue(bus):
    bus.serve()
    client = bus.client(transport_options=messaging.TransportOptions(at_least_once=True))
    with pytest.raises(messaging.MessageUndeliverable):
        client.prepare(server="nobody").call({}, "echo", value=1)


def test_notification_reaches_a_listener(bus):
    seen = queue.Queue()

    class Listener:
        def info(self, ctxt, publisher_id, event_type, payload, metadata):
            seen.put((publisher_id, event_type, payload))

    transport = messaging.get_notification_transport(cfg.CONF, url=bus.url)
    topic = bus.topic + "-notifications"
    listener = messaging.get_notification_listener(transport, [messaging.Target(topic=topic)], [Listener()])
    listener.start()
    notifier = messaging.Notifier(transport, "test.host1", driver="messagingv2", topics=[topic])
    notifier.info({}, "thing.done", {"answer": 42})
    assert seen.get(timeout=WAIT_SECONDS) == ("test.host1", "thing.done", {"answer": 42})
    listener.stop()
    listener.wait()
    transport.cleanup()


def test_many_threads_call_at_once(bus):
    bus.serve()
    client = bus.client()
    answers = queue.Queue()

    def call_some(start):
        for number in range(start, start + 20):
            answers.put(client.call({}, "echo", value=number))

    threads = [threading.Thread(target=call_some, args=(100 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert {answers.get() for _ in range(160)} == {100 * n + m for n in range(8) for m in range(20)}


@pytest.mark.parametrize("way", ["restart", "kill"])
def test_clients_and_servers_come_back_after_the_broker(tmp_path, conf, way):
    broker = start_broker(tmp_path)
    bus = Bus(broker.url)
    try:
        bus.serve()
        client = bus.client()
        assert client.call({}, "echo", value=1) == 1
        if way == "kill":
            broker.kill()
            broker.start()
        else:
            broker.restart()
        wait_until(lambda: answers(client))
    finally:
        bus.close()
        broker.stop()


@pytest.mark.parametrize("option", ["rabbit_quorum_queue", "rabbit_transient_quorum_queue"])
def test_quorum_queues_are_served_when_allowed(tmp_path, configure, option):
    broker = start_broker(tmp_path, accept_quorum_arguments=True)
    configure(**{option: True})
    bus = Bus(broker.url)
    try:
        bus.serve()
        assert bus.client().call({}, "echo", value=1) == 1
        assert "served as a classic queue in memory, although declared as quorum" in broker.log()
    finally:
        bus.close()
        broker.stop()
