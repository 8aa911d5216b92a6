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
from oslo_messaging._drivers import common

import minova.conf
from minova import baserpc, context, rpc, rpc_client, rpc_reconnect
from minova.objects import base as objects_base
from tests import broker_process

CONF = minova.conf.CONF
_HOSTS = 100
_BUCKET_SECONDS = 0.1


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
    moments = []
    with contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=2 * _HOSTS)) as listener:

        def refuse():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    moments.append(time.monotonic())
                    connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        yield listener.getsockname()[1], moments
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
    connection = rpc_reconnect.JitteredConnection.__new__(rpc_reconnect.JitteredConnection)
    connection.kombu_reconnect_splay = 3.0
    connection.kombu_reconnect_delay = 2.0
    connection.interval_max = 30

    delays = {connection.kombu_reconnect_delay for _ in range(200)}

    assert len(delays) == 200
    assert min(delays) >= 1.0
    assert 3.0 < max(delays) <= 6.0
    assert all(15 <= connection.interval_max <= 45 for _ in range(50))


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
