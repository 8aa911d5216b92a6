# SPDX-License-Identifier: Apache-2.0
"""The records of hosts."""

import pytest

from minova import exception
from minova.db import allocations, compute_nodes, services
from tests.unit.scheduler.builders import add_host, new_host_state


def find(database):
    with database.reader() as conn:
        return compute_nodes.find(conn)


def save(database, *host_states):
    with database.writer() as conn:
        compute_nodes.save_host_states(conn, host_states)


def test_a_first_report_makes_the_record(conf, database):
    conf.config(group="compute", cpu_allocation_ratio=4.0, ram_allocation_ratio=1.5)
    with database.writer() as conn:
        services.report(conn, "host1", "minova-compute", "compute", "east")
        compute_nodes.save_host_states(conn, [new_host_state("host1", vcpus=64, running_vms=2)])

    (node,) = find(database)

    assert (node.host, node.vcpus, node.running_vms, node.accepting) == ("host1", 64, 2, True)
    assert (node.cpu_allocation_ratio, node.ram_allocation_ratio, node.disk_allocation_ratio) == (
        4.0,
        1.5,
        1.0,
    )
    assert (node.vcpus_used, node.memory_mb_used, node.local_gb_used) == (0, 0, 0)
    assert (node.availability_zone, node.disabled, node.forced_down) == ("east", False, False)
    assert node.seconds_since_report < 60


def test_a_later_report_keeps_identity_and_claims(database):
    add_host(database, "host1")
    (before,) = find(database)
    with database.writer() as conn:
        allocations.claim(conn, "a", 0, "host1", 1, 1024, 10)

    save(database, new_host_state("host1", vcpus=16, num_io_ops=4, accepting=False))

    (node,) = find(database)
    assert (node.id, node.uuid, node.vcpus_used) == (before.id, before.uuid, 1)
    assert (node.vcpus, node.num_io_ops, node.accepting) == (16, 4, False)
    assert node.updated_at is not None


def test_a_report_without_news_writes_nothing(database):
    add_host(database, "host1")

    save(database, new_host_state("host1"))

    assert find(database)[0].updated_at is None


def test_a_changed_allocation_ratio_is_news(conf, database):
    add_host(database, "host1")
    conf.config(group="compute", ram_allocation_ratio=2.0)

    save(database, new_host_state("host1"))

    assert find(database)[0].ram_allocation_ratio == 2.0


def test_many_hosts_are_saved_at_once(database):
    for name in ("host1", "host2"):
        add_host(database, name)
    with database.writer() as conn:
        services.report(conn, "host3", "minova-compute", "compute", "minova")

    save(database, *[new_host_state(name, vcpus=2) for name in ("host3", "host2", "host1")])

    assert {(node.host, node.vcpus) for node in find(database)} == {("host1", 2), ("host2", 2), ("host3", 2)}


def test_nodes_without_service_are_not_listed(database):
    save(database, new_host_state("host1"))

    assert find(database) == []


def test_a_node_is_got_by_id_or_uuid(database):
    add_host(database, "host1")
    (node,) = find(database)

    with database.reader() as conn:
        got = [compute_nodes.get(conn, key).host for key in (node.id, str(node.id), node.uuid)]

    assert got == ["host1"] * 3


@pytest.mark.parametrize("key", [2, "0", "9" * 5000, "-1", "x", "", "1 OR 1=1", "\u0661"])
def test_no_other_key_gets_a_node(database, key):
    add_host(database, "host1")

    with database.reader() as conn, pytest.raises(exception.ComputeHostNotFound):
        compute_nodes.get(conn, key)


def test_statistics_are_sums(database):
    add_host(database, "host1", vcpus=2, running_vms=1)
    add_host(database, "host2", vcpus=3, running_vms=2)
    with database.writer() as conn:
        allocations.claim(conn, "a", 0, "host1", 1, 1024, 10)

    with database.reader() as conn:
        sums = compute_nodes.statistics(conn)

    assert (sums.count, sums.vcpus, sums.vcpus_used, sums.memory_mb_used, sums.running_vms) == (
        2,
        5,
        1,
        1024,
        3,
    )


def test_statistics_of_nothing_are_zero(database):
    with database.reader() as conn:
        assert compute_nodes.statistics(conn).memory_mb == 0


def test_a_deleted_node_is_gone(database):
    add_host(database, "host1")
    with database.writer() as conn:
        compute_nodes.delete(conn, "host1")

    assert find(database) == []
