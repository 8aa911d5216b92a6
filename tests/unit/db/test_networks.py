# SPDX-License-Identifier: Apache-2.0
"""minova/db/networks.py on an SQLite file."""

import time

import pytest
from oslo_utils import timeutils

from minova import exception
from minova.db import models, networks

_LARGE, _SMALL = "net-large", "net-small"


@pytest.fixture(autouse=True)
def _networks(database):
    _add(database, _LARGE, "large", "10.0.0.0/16")
    # Five addresses for instances: the others are those of the network, the gateway and the broadcast.
    _add(database, _SMALL, "small", "192.168.7.0/29")


def _add(database, network_id, label, cidr):
    values = {"id": network_id, "label": label, "cidr": cidr, "created_at": timeutils.utcnow()}
    with database.writer() as conn:
        conn.execute(models.networks.insert().values(**values))


def _take(database, instance_uuid, network_id=_LARGE, attempt=0):
    with database.writer() as conn:
        networks.take_address(conn, networks.get(conn, network_id), instance_uuid, attempt)
        rows = networks.find_addresses(conn, instance_uuid)
    return {row.network_id: row for row in rows}[network_id].address


def _release(database, instance_uuid, attempt=None):
    with database.writer() as conn:
        return networks.release(conn, instance_uuid, attempt)


def test_addresses_are_given_from_the_lowest_after_the_gateway_on(database):
    assert [_take(database, f"i{n}") for n in range(3)] == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]


def test_lowest_freed_address_is_given_again(database):
    for n in range(5):
        _take(database, f"i{n}")
    _release(database, "i3")
    _release(database, "i1")
    assert [_take(database, f"j{n}") for n in range(3)] == ["10.0.0.3", "10.0.0.5", "10.0.0.7"]


def test_networks_have_addresses_of_their_own(database):
    assert [_take(database, "i", _LARGE), _take(database, "i", _SMALL)] == ["10.0.0.2", "192.168.7.2"]


def test_network_gives_no_broadcast_address_and_then_no_more(database):
    addresses = [_take(database, f"i{n}", _SMALL) for n in range(5)]
    assert addresses[-1] == "192.168.7.6"
    with pytest.raises(exception.NoMoreAddresses):
        _take(database, "one-too-many", _SMALL)


def test_address_of_a_full_network_can_be_used_again(database):
    for n in range(5):
        _take(database, f"i{n}", _SMALL)
    _release(database, "i2")
    assert _take(database, "j", _SMALL) == "192.168.7.4"


def test_same_address_has_always_the_same_mac_address(database):
    def row(uuid):
        with database.reader() as conn:
            return networks.find_addresses(conn, uuid)[0]

    _take(database, "i")
    first = row("i")
    _release(database, "i")
    _take(database, "j")
    assert (first.mac_address, row("j").mac_address) == ("fa:16:0a:00:00:02", "fa:16:0a:00:00:02")
    assert first.port_id != row("j").port_id


def test_addresses_are_found_with_their_networks_label(database):
    _take(database, "i", _SMALL)
    with database.reader() as conn:
        assert [row.label for row in networks.find_addresses(conn, "i")] == ["small"]


def test_release_frees_all_of_an_instance_and_says_how_many(database):
    _take(database, "i", _LARGE)
    _take(database, "i", _SMALL)
    _take(database, "j", _LARGE)
    assert (_release(database, "i"), _release(database, "i")) == (2, 0)
    with database.reader() as conn:
        assert networks.find_addresses(conn, "i") == []
        assert len(networks.find_addresses(conn, "j")) == 1


@pytest.mark.parametrize(("held_by", "released_for", "count"), [(0, 0, 1), (0, 1, 1), (1, 0, 0)])
def test_release_leaves_what_a_later_attempt_holds(database, held_by, released_for, count):
    _take(database, "i", attempt=held_by)
    assert _release(database, "i", released_for) == count


def test_adopted_addresses_outlive_the_release_of_the_earlier_attempt(database):
    address = _take(database, "i", attempt=0)
    with database.writer() as conn:
        networks.adopt_addresses(conn, "i", 1)
    assert _release(database, "i", attempt=0) == 0
    with database.reader() as conn:
        assert [row.address for row in networks.find_addresses(conn, "i")] == [address]


def test_networks_are_listed_oldest_first_and_an_unknown_one_is_not_found(database):
    with database.reader() as conn:
        assert [network.id for network in networks.find(conn)] == [_LARGE, _SMALL]
        with pytest.raises(exception.NetworkNotFound):
            networks.get(conn, "unknown")


def test_address_is_found_as_fast_among_ten_thousand_as_among_few(database):
    few = _seconds_for_fifty(database, "few")
    _fill(database, range(1000, 11_000))
    many = _seconds_for_fifty(database, "many")
    # A scan would take some hundred times as long; noise on a busy machine does not.
    assert many < 10 * few


def _seconds_for_fifty(database, prefix):
    started = time.process_time()
    for n in range(50):
        _take(database, f"{prefix}{n}")
    return time.process_time() - started


def _fill(database, numbers):
    row = {"network_id": _LARGE, "address": "", "mac_address": "", "attempt": 0}
    rows = [{**row, "number": number, "instance_uuid": f"full{number}"} for number in numbers]
    with database.writer() as conn:
        conn.execute(models.fixed_ips.insert(), rows)
