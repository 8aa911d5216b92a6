# SPDX-License-Identifier: Apache-2.0
"""minova/rpc_hosts.py on real wires: many names on one connection, and a stop that loses nothing."""

import threading

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

    def make():
        made.append(rpc.Bus("minova-test", "here"))
        return made[-1]

    with config_fixture.Config(CONF) as fixture:
        rpc.set_defaults(CONF)
        CONF([], project="minova", default_config_files=[])
        fixture.config(transport_url=url)
        yield make
        for bus in made:
            bus.cleanup()


def _serve(bus, topic, further_servers=()):
    endpoint = Counter()
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
