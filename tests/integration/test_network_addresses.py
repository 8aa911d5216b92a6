# SPDX-License-Identifier: Apache-2.0
"""Network services that share PostgreSQL or MariaDB and allocate at the same time."""

from concurrent import futures

import pytest

from minova.conf import CONF
from minova.db import default_data, engine, migration, networks
from minova.network import manager
from tests.schema import drop_all_tables

_PRIVATE = default_data.fixed_id("network", "private")


@pytest.fixture(params=["postgresql_url", "mysql_url"])
def database(request):
    engine.set_defaults(CONF)
    CONF.set_override("connection", request.getfixturevalue(request.param), group="database")
    made = engine.Database()
    drop_all_tables(made)
    migration.sync(made)
    yield made
    drop_all_tables(made)
    made.dispose()
    CONF.clear_override("connection", group="database")


def test_services_give_no_address_twice_and_each_instance_one(database):
    services = [manager.NetworkManager(bus=None) for _ in range(3)]

    def allocate(n):
        (link,) = services[n % 3].allocate_for_instance(None, f"i{n % 100}", 0, "demo", [_PRIVATE])
        return n % 100, link["address"]

    with futures.ThreadPoolExecutor(12) as pool:
        given = list(pool.map(allocate, range(200)))
    addresses = dict(given)
    assert len(set(given)) == 100, "a repeated request got another address"
    assert len(set(addresses.values())) == 100, "an address was given twice"
    for service in services:
        service.stop()


def test_freed_addresses_are_given_again_under_load(database):
    service = manager.NetworkManager(bus=None)

    def boot_and_delete(n):
        for turn in range(4):
            service.allocate_for_instance(None, f"i{n}-{turn}", 0, "demo", [_PRIVATE])
            service.deallocate_for_instance(None, f"i{n}-{turn}")
        service.allocate_for_instance(None, f"i{n}", 0, "demo", [_PRIVATE])

    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(boot_and_delete, range(24)))
    with database.reader() as conn:
        held = [networks.find_addresses(conn, f"i{n}") for n in range(24)]
    assert len({row.address for (row,) in held}) == 24
    # No more rows than the network's first 64: what is freed is used before another address is.
    assert max(row.number for (row,) in held) < 66
    service.stop()
