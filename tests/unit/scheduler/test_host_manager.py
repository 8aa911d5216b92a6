# SPDX-License-Identifier: Apache-2.0
"""Hosts as they are read for a request."""

import pytest

from minova.db import allocations, engine, models, services
from minova.scheduler import host_manager
from tests.unit.scheduler.builders import (
    add_host,
    add_instances,
    delete_instance,
    new_host_state,
    new_request,
)


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def manager(clock):
    return host_manager.HostManager(clock)


def read_hosts(manager, database, request_spec=None):
    with database.reader() as conn:
        return {host.host: host for host in manager.get_hosts(conn, request_spec or new_request())}


def test_capacity_is_what_may_be_claimed(conf, database, manager):
    conf.config(group="compute", ram_allocation_ratio=1.5, disk_allocation_ratio=0.33)
    add_host(database, "host1", cpu_allocation_ratio=4.0, vcpus=3, memory_mb=1001, local_gb=10)

    host = read_hosts(manager, database)["host1"]

    assert (host.vcpus_capacity, host.memory_mb_capacity, host.local_gb_capacity) == (12, 1501, 3)
    assert (host.free_vcpus, host.free_memory_mb, host.free_local_gb) == (12, 1501, 3)
    assert (host.vcpus, host.memory_mb, host.local_gb) == (3, 1001, 10)


def test_claims_are_counted_as_used(database, manager):
    add_host(database, "host1")
    (uuid,) = add_instances(database)
    with database.writer() as conn:
        allocations.claim(conn, uuid, 0, "host1", 2, 1024, 30)

    host = read_hosts(manager, database)["host1"]

    assert (host.free_vcpus, host.free_memory_mb, host.free_local_gb) == (6, 7168, 70)


def test_a_host_is_what_its_service_is(database, manager):
    add_host(database, "host1", "east")
    add_host(database, "host2")
    with database.writer() as conn:
        (service,) = services.find(conn, host="host2")
        services.update(conn, service.uuid, disabled=True, disabled_reason="disk", forced_down=True)

    hosts = read_hosts(manager, database)

    assert (hosts["host1"].up, hosts["host1"].disabled, hosts["host1"].availability_zone) == (
        True,
        False,
        "east",
    )
    assert (hosts["host2"].up, hosts["host2"].disabled, hosts["host2"].disabled_reason) == (
        False,
        True,
        "disk",
    )
    assert hosts["host2"].forced_down


def test_a_host_that_has_not_reported_for_long_is_down(conf, database, manager):
    conf.config(service_down_time=60)
    add_host(database, "host1")
    with database.writer() as conn:
        conn.execute(models.services.update().values(last_seen_epoch=engine.now_epoch() - 61))

    assert not read_hosts(manager, database)["host1"].up


def test_a_host_without_service_is_none(database, manager):
    add_host(database, "host1")
    with database.writer() as conn:
        (service,) = services.find(conn, host="host1")
        services.delete(conn, service.uuid)

    assert read_hosts(manager, database) == {}


def test_what_a_host_said_goes_before_its_record_until_it_must_have_caught_up(conf, database, manager, clock):
    conf.config(report_interval=10)
    add_host(database, "host1")
    manager.update_host_states([new_host_state("host1", accepting=False, num_io_ops=3, running_vms=7)])

    host = read_hosts(manager, database)["host1"]
    assert (host.accepting, host.num_io_ops, host.running_vms) == (False, 3, 7)

    clock.seconds += 10.1
    host = read_hosts(manager, database)["host1"]
    assert (host.accepting, host.num_io_ops, host.running_vms) == (True, 0, 0)


def test_the_last_word_of_a_host_counts(database, manager):
    add_host(database, "host1")
    manager.update_host_states([new_host_state("host1", accepting=False)])
    manager.update_host_states([new_host_state("host1", accepting=True), new_host_state("unrecorded")])

    assert read_hosts(manager, database)["host1"].accepting


def test_hinted_instances_are_found_where_they_are_claimed(database, manager):
    for name in ("host1", "host2"):
        add_host(database, name)
    here, there, deleted, unhinted, unclaimed = add_instances(database, 5)
    (foreign,) = add_instances(database, project_id="other")
    with database.writer() as conn:
        for uuid, host in [
            (here, "host1"),
            (there, "host2"),
            (deleted, "host1"),
            (unhinted, "host1"),
            (foreign, "host1"),
        ]:
            allocations.claim(conn, uuid, 0, host, 1, 1, 1)
    delete_instance(database, deleted)
    hints = {"same_host": [here, deleted], "different_host": [there, foreign, unclaimed], "group": [unhinted]}

    hosts = read_hosts(manager, database, new_request(scheduler_hints=hints))

    assert hosts["host1"].instances == {here}
    assert hosts["host2"].instances == {there}
