# SPDX-License-Identifier: Apache-2.0
"""minova/rpc_hosts.py on real wires: many names on one connection, and a stop that loses nothing."""

import threading
import time

import oslo_messaging as messaging
import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova import context, rpc
from minova.objects import base as objects_base
from tests import broker_process

CONF = minova.conf.CONF
_CASTS = 300


class Counter:
    """An endpoint that notes what it is told."""

    def __init__(self):
        self.numbers = []
        self.first = threading.Event()

    def note(self, _context, number):
        self.numbers.append(number)
        self.first.set()


@pytest.fixture(scope="module")
def embedded_url(tmp_path_factory):
    broker = broker_process.start_broker(tmp_path_factory.mktemp("broker"))
    yield broker.url
    broker.stop()


@pytest.fixture(params=["embedded_url", "rabbitmq_url"])
def make_bus(request):
    url = request.getfixturevalue(request.param)
    made = []

    def make(threads=64, prefetch=16):
        fixture.config(executor_thread_pool_size=threads)
        fixture.config(rabbit_qos_prefetch_count=prefetch, group="oslo_messaging_rabbit")
        made.append(rpc.Bus("minova-test", "here"))
        return made[-1]

    with config_fixture.Config(CONF) as fixture:
        rpc.set_defaults(CONF)
        CONF.register_opts(messaging.server._pool_opts)
        CONF([], project="minova", default_config_files=[])
        fixture.config(transport_url=url)
        yield make
        for bus in made:
            bus.cleanup()


def _serve(bus, topic, further_servers=(), endpoint=None):
    endpoint = endpoint or Counter()
    target = messaging.Target(topic=topic, server="one")
    server = bus.get_server(target, [endpoint], objects_base.MinovaObjectSerializer(), further_servers)
    server.start()
    return server, endpoint


def _stop(server):
    server.stop()
    server.wait()


def test_one_server_answers_under_all_its_names(make_bus):
    bus = make_bus()
    server, endpoint = _serve(bus, "names", ["two", "three"])
    client = bus.get_client(messaging.Target(topic="names"))

    for number, name in enumerate(("one", "two", "three")):
        client.prepare(server=name, timeout=20).call(context.get_admin_context(), "note", number=number)

    assert endpoint.numbers == [0, 1, 2]
    _stop(server)


def test_a_server_that_stops_in_a_flood_loses_no_message(make_bus):
    # What came while the stopping server deleted its fanout's queue was acknowledged and never handled.
    bus = make_bus()
    first_server, first = _serve(bus, "flood")
    client = bus.get_client(messaging.Target(topic="flood"))
    admin_context = context.get_admin_context()

    def send():
        for number in range(_CASTS):
            client.cast(admin_context, "note", number=number)

    sender = threading.Thread(target=send)
    sender.start()
    assert first.first.wait(20)
    _stop(first_server)
    sender.join(60)
    second_server, second = _serve(bus, "flood")

    client.prepare(timeout=60).call(admin_context, "note", number=_CASTS)

    _stop(second_server)
    assert sorted([*first.numbers, *second.numbers]) == list(range(_CASTS + 1))


class Slow:
    """An endpoint that holds every message until it is told to let go."""

    def __init__(self):
        self.numbers = []
        self.let_go = threading.Event()

    def note(self, _context, number):
        self.numbers.append(number)
        assert self.let_go.wait(60)


def test_a_busy_server_leaves_what_it_cannot_work_on_to_others(make_bus):
    # A stock server took all of a flood into its memory: no other server got any of it, and a crash lost it.
    bus = make_bus(threads=2, prefetch=1)
    busy_server, busy = _serve(bus, "busy", endpoint=Slow())
    client = bus.get_client(messaging.Target(topic="busy"))
    for number in range(20):
        client.cast(context.get_admin_context(), "note", number=number)
    _wait_for(lambda: len(busy.numbers) == 2)

    free_server, free = _serve(make_bus(), "busy")

    # Beside the two that are worked on, one may wait for a thread, and one may have been sent ahead.
    _wait_for(lambda: len(free.numbers) >= 16)
    assert len(busy.numbers) == 2
    busy.let_go.set()
    _wait_for(lambda: len(busy.numbers) + len(free.numbers) == 20)
    _stop(busy_server)
    _stop(free_server)
    assert sorted([*busy.numbers, *free.numbers]) == list(range(20))


def test_a_busy_server_stops_when_told(make_bus):
    bus = make_bus(threads=1, prefetch=1)
    server, slow = _serve(bus, "stops", endpoint=Slow())
    client = bus.get_client(messaging.Target(topic="stops"))
    for number in range(5):
        client.cast(context.get_admin_context(), "note", number=number)
    _wait_for(lambda: slow.numbers == [0])

    stopping = threading.Thread(target=server.stop)
    stopping.start()
    stopping.join(20)
    slow.let_go.set()
    server.wait()

    assert not stopping.is_alive()
    next_server, following = _serve(make_bus(), "stops")
    _wait_for(lambda: len(slow.numbers) + len(following.numbers) == 5)
    _stop(next_server)
    # Each once. RabbitMQ may give out what came back after what had not gone out yet.
    assert sorted([*slow.numbers, *following.numbers]) == list(range(5))


def _wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
