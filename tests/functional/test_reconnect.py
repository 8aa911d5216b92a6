# SPDX-License-Identifier: Apache-2.0
"""How processes come back to a broker, and what they leave on it: minova/rpc_reconnect.py on real wires."""

import collections
import concurrent.futures
import contextlib
import socket
import threading
import time

import amqp
import kombu.exceptions
import oslo_messaging as messaging
import pytest
from oslo_config import fixture as config_fixture
from oslo_messaging._drivers import amqpdriver, common

import minova.conf
from minova import baserpc, context, rpc, rpc_client, rpc_reconnect
from minova.objects import base as objects_base
from tests import broker_process
from tests.free_ports import free_port
from tests.waiting import wait_until

CONF = minova.conf.CONF
_HOSTS = 100
_BUCKET_SECONDS = 0.1
_OUTAGE_SECONDS = 4


@pytest.fixture
def conf():
    """The global configuration, reset after the test."""
    with config_fixture.Config(CONF) as fixture:
        rpc.set_defaults(CONF)
        CONF([], project="minova", default_config_files=[])
        yield fixture


@pytest.fixture
def closed_door():
    """A port that takes every connection and ends it: (port, list of the moments of all tries)."""
    port = free_port()
    with _closed_door(port) as moments:
        yield port, moments


@contextlib.contextmanager
def _closed_door(port):
    moments = []
    with contextlib.closing(socket.create_server(("127.0.0.1", port), backlog=2 * _HOSTS)) as listener:

        def refuse():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    moments.append(time.monotonic())
                    connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        yield moments
        listener.shutdown(socket.SHUT_RDWR)


def test_a_hundred_hosts_do_not_come_back_in_one_wave(conf, closed_door):
    # With oslo.messaging's own connections all second tries fall into one or two tenths of a second.
    port, moments = closed_door
    conf.config(transport_url=f"rabbit://guest:guest@127.0.0.1:{port}/")
    transport = rpc.Bus("minova-compute", "host1").transport
    connection_class = transport._driver._connection_pool.connection_cls
    url = transport._driver._connection_pool.url

    def come_back(_number):
        with pytest.raises(kombu.exceptions.OperationalError):
            connection_class(CONF, url, common.PURPOSE_LISTEN, retry=1)

    with concurrent.futures.ThreadPoolExecutor(_HOSTS) as pool:
        list(pool.map(come_back, range(_HOSTS)))

    second_tries = sorted(moments)[_HOSTS:]
    assert len(second_tries) == _HOSTS
    waves = collections.Counter(int(moment / _BUCKET_SECONDS) for moment in second_tries)
    assert max(waves.values()) <= _HOSTS / 3
    assert second_tries[-1] - second_tries[0] > 0.5


def test_each_connection_pauses_otherwise_and_within_bounds():
    connection = _connection(purpose=common.PURPOSE_SEND, splay=3.0)

    delays = {connection.kombu_reconnect_delay for _ in range(200)}

    assert len(delays) == 200
    assert min(delays) >= 1.0
    assert 3.0 < max(delays) <= 6.0
    assert all(15 <= connection.interval_max <= 45 for _ in range(50))


def _connection(purpose, splay=0.0):
    """One that was never made: it can only be asked for its pauses."""
    connection = rpc_reconnect.JitteredConnection.__new__(rpc_reconnect.JitteredConnection)
    connection.purpose = purpose
    connection.kombu_reconnect_splay = splay
    connection.kombu_reconnect_delay = 2.0
    connection.interval_max = 30
    return connection


@pytest.mark.parametrize(
    ("away_seconds", "at_least", "at_most"),
    [(0, 1.0, 3.0), (20, 5.0, 15.0), (40, 10.0, 30.0), (900, 15.0, 45.0)],
)
def test_a_listener_pauses_the_longer_the_longer_the_broker_is_away(away_seconds, at_least, at_most):
    connection = _connection(common.PURPOSE_LISTEN)
    connection._away_since = time.monotonic() - away_seconds

    delays = [connection.kombu_reconnect_delay for _ in range(200)]

    assert min(delays) >= at_least - 0.01
    assert max(delays) <= at_most + 0.1
    assert max(delays) - min(delays) > (at_most - at_least) / 2


def test_a_listener_tries_less_often_the_longer_it_takes_and_then_comes_back(conf, monkeypatch, tmp_path):
    # At each look its back-off began anew: it tried at the same pace for ever.
    broker = broker_process.start_broker(tmp_path)
    conf.config(transport_url=broker.url)
    conf.config(kombu_reconnect_delay=0.02, group="oslo_messaging_rabbit")
    bus = rpc.Bus("minova-test", "here")
    monkeypatch.setattr(amqpdriver, "ACK_REQUEUE_EVERY_SECONDS_MIN", 0.005)
    monkeypatch.setattr(amqpdriver, "ACK_REQUEUE_EVERY_SECONDS_MAX", 0.005)
    target = messaging.Target(topic="there", server="here")
    endpoints = [baserpc.BaseRPCAPI("minova-test", "here")]
    server = bus.get_server(target, endpoints, objects_base.MinovaObjectSerializer())
    server.start()
    try:
        broker.kill()
        with _closed_door(broker.port) as moments:
            began = time.monotonic()
            wait_until(lambda: moments and moments[-1] - began > _OUTAGE_SECONDS)
        broker.start()

        # A call would wait for the queue, and for the queue of its answer.
        base_api = baserpc.BaseAPI(bus, "there")
        assert base_api.ping(context.get_admin_context(), "x", timeout_seconds=30)["host"] == "here"
    finally:
        server.stop()
        server.wait()
        bus.cleanup()
        broker.stop()

    # At its first pace it would have tried some hundred times.
    assert len(moments) < 50


@pytest.fixture(scope="module")
def embedded_url(tmp_path_factory):
    broker = broker_process.start_broker(tmp_path_factory.mktemp("broker"))
    yield broker.url
    broker.stop()


@pytest.mark.parametrize("broker", ["embedded_url", "rabbitmq_url"])
def test_who_leaves_takes_its_queues_for_answers_and_fanouts_along(conf, request, broker):
    # The queue for answers stayed for half an hour: with hosts that restart there were ever more of them.
    url = request.getfixturevalue(broker)
    conf.config(transport_url=url)
    bus = rpc.Bus("minova-test", "here")
    endpoints = [baserpc.BaseRPCAPI("minova-test", "here")]
    target = messaging.Target(topic="leaving", server="here")
    server = bus.get_server(target, endpoints, objects_base.MinovaObjectSerializer())
    server.start()
    baserpc.BaseAPI(bus, "leaving").ping(context.get_admin_context(), "x")
    queues = [bus.transport._driver._reply_q, *_queues_of(server)]
    kept = {"leaving", "leaving.here"}
    assert len(queues) == 4
    assert kept < set(queues)
    assert _existing(url, queues) == set(queues)

    server.stop()
    server.wait()
    bus.cleanup()

    # Messages wait in the others for those who come back.
    assert _existing(url, queues) == kept
    _delete(url, kept)


@pytest.mark.parametrize("broker", ["embedded_url", "rabbitmq_url"])
def test_a_message_without_a_queue_is_told_to_its_own_sender(conf, request, broker):
    # The driver raises before the broker's confirmation of what it returned has come, and the connection is used again.
    url = request.getfixturevalue(broker)
    conf.config(transport_url=url)
    conf.config(queue_patience=0, group="rpc")
    bus = rpc.Bus("minova-test", "here")
    server = bus.get_server(
        messaging.Target(topic="there", server="here"),
        [baserpc.BaseRPCAPI("minova-test", "here")],
        objects_base.MinovaObjectSerializer(),
    )
    server.start()
    try:
        outcomes = [_outcome(bus, topic) for topic in ["nowhere", "there", "nowhere", "nowhere", "there"]]
    finally:
        server.stop()
        server.wait()
        bus.cleanup()
        _delete(url, ["there", "there.here"])

    assert outcomes == ["nobody", "sent", "nobody", "nobody", "sent"]


def _outcome(bus, topic):
    try:
        bus.get_client(messaging.Target(topic=topic)).cast(context.get_admin_context(), "anything")
    except rpc_client.NobodyListens:
        return "nobody"
    return "sent"


def _queues_of(server):
    return [consumer.queue_name for consumer in server.listener._connection._consumers]


def _existing(url, queues):
    return {queue for queue in queues if _on_channel(url, lambda channel, q=queue: _exists(channel, q))}


def _exists(channel, queue):
    try:
        channel.queue_declare(queue, passive=True)
    except amqp.exceptions.NotFound:
        return False
    return True


def _delete(url, queues):
    for queue in queues:
        _on_channel(url, lambda channel, q=queue: channel.queue_delete(q))


def _on_channel(url, work):
    parsed = messaging.TransportURL.parse(CONF, url)
    host = parsed.hosts[0]
    with amqp.Connection(
        f"{host.hostname}:{host.port}",
        userid=host.username,
        password=host.password,
        virtual_host=parsed.virtual_host or "/",
    ) as connection:
        return work(connection.channel())
