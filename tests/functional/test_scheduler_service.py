# SPDX-License-Identifier: Apache-2.0
"""A scheduler asked and told over a real wire: objects, errors and fanouts arrive as what they are."""

import time

import oslo_messaging as messaging
import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova import exception, rpc
from minova.objects import base as objects_base
from minova.scheduler import manager, rpcapi
from minova.scheduler.client import query
from tests import broker_process, records
from tests.unit.scheduler.builders import add_host, add_instances, new_host_state, new_request

CONF = minova.conf.CONF
ARRIVAL_SECONDS = 60


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    path = tmp_path_factory.mktemp("scheduler")
    broker = broker_process.start_broker(path)
    fixture = config_fixture.Config(CONF)
    fixture.setUp()
    rpc.set_defaults(CONF)
    fixture.conf([], project="minova", default_config_files=[])
    fixture.config(transport_url=broker.url)
    bus = rpc.Bus("minova-scheduler", "controller")
    yield bus
    bus.cleanup()
    fixture.cleanUp()
    broker.stop()


@pytest.fixture(scope="module")
def database(bus, tmp_path_factory):
    database = records.make_database(tmp_path_factory.mktemp("records"))
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def scheduler(bus, database):
    a_manager = manager.SchedulerManager(bus, database)
    target = messaging.Target(topic=rpcapi.TOPIC, server="controller")
    server = bus.get_server(target, [a_manager], objects_base.MinovaObjectSerializer())
    server.start()
    yield a_manager
    server.stop()
    server.wait()


@pytest.mark.usefixtures("scheduler")
def test_destinations_and_errors_arrive(bus, database):
    client = query.SchedulerQueryClient(bus)
    add_host(database, "host1", vcpus=1)
    placed, refused = add_instances(database, 2)

    ((selection,),) = client.select_destinations(records.make_context(), new_request([placed]))
    with pytest.raises(exception.NoValidHost) as raised:
        client.select_destinations(records.make_context(), new_request([refused]))

    assert (selection.host, selection.weight) == ("host1", 0.0)
    assert raised.value.message == "No valid host was found. 1 host: CoreFilter took 1, 0 left."


def refusal(api, request_spec):
    """Why a request got no host; None when it got one."""
    try:
        api.select_destinations(records.make_context(), request_spec, 20, 10)
    except exception.NoValidHost as error:
        return error.message
    return None


@pytest.mark.usefixtures("scheduler")
def test_a_host_that_stops_is_known_at_once(bus, database):
    add_host(database, "host2", vcpus=100)
    api = rpcapi.SchedulerAPI(bus)
    api.update_host_states(records.make_context(), [new_host_state("host2", accepting=False)])
    deadline = time.monotonic() + ARRIVAL_SECONDS

    # A fanout tells nobody when it has arrived: ask until it shows.
    message = None
    while message is None and time.monotonic() < deadline:
        message = refusal(api, new_request(add_instances(database)))

    assert "ComputeFilter took 1" in message
