# SPDX-License-Identifier: Apache-2.0
"""minova/network/manager.py on an SQLite file."""

import threading

import oslo_messaging as messaging
import pytest

from minova import exception
from minova.db import default_data, models, networks, services
from minova.network import manager, rpcapi
from tests import records

_PRIVATE = default_data.fixed_id("network", "private")
_CONTEXT = records.make_context()


@pytest.fixture
def network_manager(database):
    with database.writer() as conn:
        default_data.insert(conn)
    made = manager.NetworkManager(bus=None)
    yield made
    made.stop()


def _allocate(network_manager, instance_uuid, attempt=0, requested=(_PRIVATE,)):
    return network_manager.allocate_for_instance(_CONTEXT, instance_uuid, attempt, "demo", list(requested))


def _addresses(database, instance_uuid):
    with database.reader() as conn:
        return [row.address for row in networks.find_addresses(conn, instance_uuid)]


def _add_network(database, network_id, cidr):
    with database.writer() as conn:
        row = {"id": network_id, "label": network_id, "cidr": cidr}
        conn.execute(models.networks.insert().values(**row, created_at=records.timeutils.utcnow()))


def test_manager_answers_the_version_that_the_rpcapi_sends():
    assert manager.NetworkManager.target.version == rpcapi.NetworkAPI.VERSION
    assert f"* {rpcapi.NetworkAPI.VERSION} - " in rpcapi.NetworkAPI.__doc__


def test_network_info_has_all_that_the_addresses_of_a_server_show(network_manager):
    (link,) = _allocate(network_manager, "i")
    assert link.pop("port_id")
    assert link == {
        "network_id": _PRIVATE,
        "label": "private",
        "address": "10.0.0.2",
        "version": 4,
        "mac_address": "fa:16:0a:00:00:02",
    }


def test_network_info_is_in_the_order_of_the_request(network_manager, database):
    _add_network(database, "z", "192.168.1.0/24")
    _add_network(database, "a", "192.168.2.0/24")
    links = _allocate(network_manager, "i", requested=["z", _PRIVATE, "a"])
    assert [link["network_id"] for link in links] == ["z", _PRIVATE, "a"]


def test_repeated_request_returns_the_same_addresses(network_manager):
    first = _allocate(network_manager, "i")
    _allocate(network_manager, "other")
    assert _allocate(network_manager, "i") == first


def test_later_attempt_takes_over_the_addresses_of_the_earlier(network_manager, database):
    first = _allocate(network_manager, "i", attempt=0)
    assert _allocate(network_manager, "i", attempt=1) == first
    # The host of the first attempt cleans up late.
    network_manager.deallocate_for_instance(_CONTEXT, "i", attempt=0)
    assert _addresses(database, "i") == ["10.0.0.2"]


def test_late_request_of_an_earlier_attempt_changes_nothing(network_manager, database):
    later = _allocate(network_manager, "i", attempt=2)
    assert _allocate(network_manager, "i", attempt=1) == later
    network_manager.deallocate_for_instance(_CONTEXT, "i", attempt=1)
    assert _addresses(database, "i") == ["10.0.0.2"]


def test_deallocation_can_be_repeated(network_manager, database):
    _allocate(network_manager, "i")
    network_manager.deallocate_for_instance(_CONTEXT, "i")
    network_manager.deallocate_for_instance(_CONTEXT, "i")
    assert _addresses(database, "i") == []


def test_unknown_network_is_an_expected_error_and_allocates_nothing(network_manager, database):
    with pytest.raises(messaging.ExpectedException) as raised:
        _allocate(network_manager, "i", requested=[_PRIVATE, "unknown"])
    assert raised.value.exc_info[0] is exception.NetworkNotFound
    assert _addresses(database, "i") == []


def test_full_network_is_an_expected_error_and_allocates_nothing(network_manager, database):
    _add_network(database, "tiny", "192.168.1.0/30")
    _allocate(network_manager, "first", requested=["tiny"])
    with pytest.raises(messaging.ExpectedException) as raised:
        _allocate(network_manager, "i", requested=[_PRIVATE, "tiny"])
    assert raised.value.exc_info[0] is exception.NoMoreAddresses
    assert _addresses(database, "i") == []


def test_addresses_of_deleted_instances_are_freed_in_the_end(network_manager, database):
    # A delete overtook the build's request for addresses, or the message that frees them was lost.
    living = records.add_instance(database).uuid
    deleted = records.add_instance(database, task_state=None, deleted=False).uuid
    for uuid in (living, deleted):
        _allocate(network_manager, uuid)
    with database.writer() as conn:
        conn.execute(models.instances.update().where(models.instances.c.uuid == deleted).values(deleted=True))
    ((_seconds, release_abandoned),) = network_manager.periodic_tasks()
    release_abandoned()
    assert (_addresses(database, living), _addresses(database, deleted)) == (["10.0.0.2"], [])


def test_addresses_of_a_server_that_failed_for_good_are_freed(database, network_manager):
    """Its host had died, so nobody freed them, and it was not deleted: it held them until its owner deleted it."""
    failed = records.add_instance(database, task_state=None, vm_state="error").uuid
    on_host = records.add_instance(database, task_state=None, vm_state="error", host="host1").uuid
    for uuid in (failed, on_host):
        _allocate(network_manager, uuid)

    ((_seconds, release_abandoned),) = network_manager.periodic_tasks()
    release_abandoned()

    assert (_addresses(database, failed), _addresses(database, on_host)) == ([], ["10.0.0.3"])


def test_requests_at_once_get_different_addresses_and_repeated_ones_the_same(network_manager):
    given = {}

    def allocate(n):
        given[n] = _allocate(network_manager, f"i{n % 30}")[0]["address"]

    threads = [threading.Thread(target=allocate, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(given[n] == given[n + 30] for n in range(30))
    assert len(set(given.values())) == 30


def test_service_reports_itself(network_manager, database, conf):
    conf.config(host="controller")
    network_manager.report_state()
    with database.reader() as conn:
        (row,) = services.find(conn)
    assert (row.binary, row.host, row.topic) == ("minova-network", "controller", "network")
    assert row.availability_zone == "internal"
