# SPDX-License-Identifier: Apache-2.0
"""Claims: never beyond the capacity, once per instance and host, released once."""

import pytest

from minova.db import allocations
from tests.unit.scheduler.builders import add_host, add_instances, delete_instance, used


@pytest.fixture
def host(database):
    add_host(database, "host1", vcpus=4, memory_mb=4096, local_gb=40)
    return "host1"


def claim(database, uuid, attempt=0, host="host1", size=(1, 1024, 10)):
    with database.writer() as conn:
        return allocations.claim(conn, uuid, attempt, host, *size)


def release(database, uuid, host=None):
    with database.writer() as conn:
        return allocations.release(conn, uuid, host)


def claims_of(database, uuid):
    with database.reader() as conn:
        return [(row.host, row.attempt) for row in allocations.find_by_instances(conn, [uuid])]


def test_a_claim_is_counted(database, host):
    assert claim(database, "a")

    assert used(database) == {host: (1, 1024, 10)}
    assert claims_of(database, "a") == [(host, 0)]


@pytest.mark.parametrize("size", [(5, 0, 0), (0, 4097, 0), (0, 0, 41)])
def test_a_claim_beyond_any_one_resource_is_refused(database, host, size):
    assert not claim(database, "a", size=size)

    assert used(database) == {host: (0, 0, 0)}
    assert claims_of(database, "a") == []


def test_a_host_is_claimed_up_to_its_allocation_ratio(database):
    add_host(database, "host2", cpu_allocation_ratio=1.5, vcpus=3)

    claimed = [claim(database, str(number), host="host2", size=(1, 0, 0)) for number in range(5)]

    assert claimed == [True] * 4 + [False]


def test_an_unknown_host_is_refused(database):
    assert not claim(database, "a", host="nowhere")


def test_a_second_claim_of_an_instance_on_a_host_counts_once(database, host):
    claim(database, "a")

    assert claim(database, "a", attempt=1)

    assert used(database) == {host: (1, 1024, 10)}
    assert claims_of(database, "a") == [(host, 1)]


def test_a_second_claim_succeeds_on_a_full_host(database, host):
    claim(database, "a", size=(4, 0, 0))

    assert claim(database, "a", size=(4, 0, 0))


def test_a_release_gives_back_once(database, host):
    claim(database, "a")
    claim(database, "b")

    assert release(database, "a") == [host]
    assert release(database, "a") == []

    assert used(database) == {host: (1, 1024, 10)}


def test_a_release_of_one_host_leaves_the_other(database, host):
    add_host(database, "host2")
    claim(database, "a")
    claim(database, "a", attempt=1, host="host2")

    assert release(database, "a", "host1") == ["host1"]

    assert claims_of(database, "a") == [("host2", 1)]
    assert used(database) == {"host1": (0, 0, 0), "host2": (1, 1024, 10)}


def test_a_release_without_host_releases_all(database, host):
    add_host(database, "host2")
    claim(database, "a")
    claim(database, "a", attempt=1, host="host2")

    assert release(database, "a") == ["host1", "host2"]
    assert used(database) == {"host1": (0, 0, 0), "host2": (0, 0, 0)}


def test_claims_of_several_are_counted_together(database, host):
    add_host(database, "host2")
    with database.writer() as conn:
        full = allocations.claim_all(conn, {"a": host, "b": "host2", "c": host}, 2, 1, 1024, 10)

    assert full is None
    assert used(database) == {"host1": (2, 2048, 20), "host2": (1, 1024, 10)}
    with database.reader() as conn:
        assert {row.instance_uuid for row in allocations.find_by_host(conn, host)} == {"a", "c"}


def test_the_host_without_room_for_several_is_told(database, host):
    with database.writer() as conn:
        full = allocations.claim_all(conn, dict.fromkeys("abcde", host), 0, 1, 1, 1)
        conn.rollback()

    assert full == host
    assert used(database) == {host: (0, 0, 0)}


def test_nothing_to_claim_is_no_statement(database):
    with database.writer() as conn:
        assert allocations.claim_all(conn, {}, 0, 1, 1, 1) is None


def test_living_instances_are_locked_and_told(database):
    first, second, deleted = add_instances(database, 3, attempt=2)
    delete_instance(database, deleted)

    with database.writer() as conn:
        living = allocations.lock_instances(conn, [second, first, deleted, "unknown"])

    assert living.keys() == {first, second}
    assert living[first].attempt == 2
