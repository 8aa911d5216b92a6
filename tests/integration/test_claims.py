# SPDX-License-Identifier: Apache-2.0
"""Several schedulers and few free slots, on each database: never more claims than room, never a claim lost."""

import concurrent.futures
import multiprocessing
import threading

import pytest
from oslo_config import fixture as config_fixture
from oslo_messaging.rpc import dispatcher

import minova.conf
from minova import exception
from minova.db import allocations, compute_nodes, engine, instances, models
from minova.scheduler import manager
from tests.unit.scheduler.builders import (
    add_host,
    add_instances,
    new_flavor,
    new_request,
    select_destinations,
    used,
)

CONF = minova.conf.CONF
THREADS = 6


@pytest.fixture
def conf():
    fixture = config_fixture.Config(CONF)
    fixture.setUp()
    fixture.conf([], project="minova", default_config_files=[])
    yield fixture
    fixture.cleanUp()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/claims.sqlite3"
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def database(conf, database_url):
    engine.set_defaults(CONF)
    conf.config(group="database", connection=database_url)
    database = engine.Database()
    models.metadata.create_all(database.engine)
    yield database
    models.metadata.drop_all(database.engine)
    database.dispose()


@pytest.fixture
def schedulers(database):
    """Two schedulers that share nothing but the database."""
    databases = [engine.Database(), engine.Database()]
    yield [manager.SchedulerManager(None, each) for each in databases]
    for each in databases:
        each.dispose()


def place(scheduler, request_spec):
    """The hosts of a request, or None where there are none."""
    try:
        return select_destinations(scheduler, request_spec)
    except dispatcher.ExpectedException as expected:
        _kind, error, _traceback = expected.exc_info
        if not isinstance(error, exception.NoValidHost):
            raise
        return None


def all_at_once(functions):
    """What the functions return; they start together, in threads."""
    barrier = threading.Barrier(len(functions))

    def run(function):
        barrier.wait(timeout=30)
        return function()

    with concurrent.futures.ThreadPoolExecutor(len(functions)) as executor:
        return list(executor.map(run, functions))


def claims(database):
    with database.reader() as conn:
        return conn.execute(models.allocations.select()).all()


def assert_books_balance(database):
    """The used columns are the sum of the claims, and no more than there is."""
    with database.reader() as conn:
        for node in compute_nodes.find(conn):
            rows = allocations.find_by_host(conn, node.host)
            assert node.vcpus_used == sum(row.vcpus for row in rows) <= node.vcpus * node.cpu_allocation_ratio
            assert node.memory_mb_used == sum(row.memory_mb for row in rows) <= node.memory_mb
            assert node.local_gb_used == sum(row.local_gb for row in rows) <= node.local_gb


@pytest.mark.parametrize("_round", range(5))
def test_two_schedulers_and_one_free_slot_have_one_winner(database, schedulers, _round):
    add_host(database, "host1", vcpus=1)
    uuids = add_instances(database, 2)

    placed = all_at_once(
        [
            lambda each=each: place(each[0], new_request([each[1]]))
            for each in zip(schedulers, uuids, strict=True)
        ]
    )

    assert sorted(placed, key=bool) == [None, [["host1"]]]
    assert len(claims(database)) == 1
    assert_books_balance(database)


@pytest.mark.parametrize("_round", range(5))
def test_the_loser_of_a_race_gets_the_other_host(database, schedulers, _round):
    # Both would choose host1 first.
    add_host(database, "host1", vcpus=1, memory_mb=16384)
    add_host(database, "host2", vcpus=1)
    uuids = add_instances(database, 2)

    placed = all_at_once(
        [
            lambda each=each: place(each[0], new_request([each[1]]))
            for each in zip(schedulers, uuids, strict=True)
        ]
    )

    assert sorted(hosts[0][0] for hosts in placed) == ["host1", "host2"]
    assert_books_balance(database)


def test_many_requests_fill_the_hosts_exactly(database, schedulers):
    for number in range(3):
        add_host(database, f"host{number}", vcpus=4)
    requests = [new_request(add_instances(database, 1 + number % 3)) for number in range(THREADS * 2)]

    placed = all_at_once(
        [lambda at=at: place(schedulers[at % 2], requests[at]) for at in range(len(requests))]
    )

    claimed = sum(len(hosts) for hosts in placed if hosts)
    assert claimed == len(claims(database))
    # What was refused did not fit: the smallest request is of one instance.
    assert claimed == 12 or all(placed[at] for at in range(0, len(requests), 3))
    assert_books_balance(database)


def test_the_same_request_at_once_is_claimed_once(database, schedulers):
    for number in range(4):
        add_host(database, f"host{number}", vcpus=4)
    request_spec = new_request(add_instances(database, 3))

    placed = all_at_once([lambda at=at: place(schedulers[at % 2], request_spec) for at in range(THREADS)])

    assert len({tuple(hosts[0] for hosts in each) for each in placed}) == 1
    assert len(claims(database)) == 3
    assert_books_balance(database)


def test_a_deleted_instance_never_keeps_a_claim(database, schedulers):
    add_host(database, "host1", vcpus=100, local_gb=1000, memory_mb=102400)
    uuids = add_instances(database, 12)

    @engine.retry_on_deadlock
    def delete(uuid):
        with database.writer() as conn:
            instances.delete(conn, instances.get(conn, uuid, lock=True))
            allocations.release(conn, uuid)

    work = []
    for at, uuid in enumerate(uuids):
        work += [
            lambda at=at, uuid=uuid: place(schedulers[at % 2], new_request([uuid])),
            lambda uuid=uuid: delete(uuid),
        ]
    all_at_once(work)

    assert claims(database) == []
    assert used(database) == {"host1": (0, 0, 0)}


def test_claims_and_releases_keep_the_books(database, schedulers):
    for number in range(3):
        add_host(database, f"host{number}", vcpus=3)

    @engine.retry_on_deadlock
    def release(uuid):
        with database.writer() as conn:
            instances.get(conn, uuid, lock=True)
            assert allocations.release(conn, uuid)

    def come_and_go(at):
        for _ in range(3):
            uuids = add_instances(database, 2)
            if place(schedulers[at % 2], new_request(uuids)):
                for uuid in uuids:
                    release(uuid)

    all_at_once([lambda at=at: come_and_go(at) for at in range(THREADS)])

    assert claims(database) == []
    assert set(used(database).values()) == {(0, 0, 0)}


def test_two_releases_at_once_give_back_once(database):
    add_host(database, "host1")
    other, uuid = add_instances(database, 2)
    with database.writer() as conn:
        for each in (other, uuid):
            assert allocations.claim(conn, each, 0, "host1", 1, 1024, 10)

    @engine.retry_on_deadlock
    def release():
        with database.writer() as conn:
            return allocations.release(conn, uuid)

    released = all_at_once([release] * 4)

    assert sorted(released) == [[], [], [], ["host1"]]
    assert used(database) == {"host1": (1, 1024, 10)}


def test_reports_do_not_disturb_claims(database, schedulers):
    add_host(database, "host1", vcpus=20, memory_mb=102400, local_gb=1000)
    uuids = add_instances(database, 6)

    def report(number):
        add_host(database, "host1", vcpus=20, memory_mb=102400, local_gb=1000, running_vms=number)

    work = [lambda at=at: place(schedulers[at % 2], new_request([uuids[at]])) for at in range(6)]
    work += [lambda number=number: report(number) for number in range(6)]
    all_at_once(work)

    assert used(database)["host1"][0] == 6
    assert_books_balance(database)


def test_an_id_of_any_kind_finds_or_not(database):
    add_host(database, "host1")
    with database.reader() as conn:
        (node,) = compute_nodes.find(conn)
        assert compute_nodes.get(conn, str(node.id)).uuid == node.uuid
        assert compute_nodes.get(conn, node.uuid).id == node.id
        assert compute_nodes.statistics(conn).vcpus == 8
        with pytest.raises(exception.ComputeHostNotFound):
            compute_nodes.get(conn, "9" * 30)


def race_in_process(url, uuids, start):
    """One process: a scheduler, one request after the other; how many got a host."""
    engine.set_defaults(CONF)
    CONF([], project="minova", default_config_files=[])
    CONF.set_override("connection", url, group="database")
    scheduler = manager.SchedulerManager(None)
    start.wait(timeout=60)
    placed = [place(scheduler, new_request([uuid], new_flavor(memory_mb=1, root_gb=0))) for uuid in uuids]
    scheduler.stop()
    return sum(hosts is not None for hosts in placed)


def test_schedulers_of_two_processes_fill_the_hosts_exactly(database, database_url):
    for number in range(4):
        add_host(database, f"host{number}", vcpus=5)
    uuids = add_instances(database, 40)
    spawn = multiprocessing.get_context("spawn")

    with spawn.Manager() as shared, concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as executor:
        start = shared.Barrier(2)
        shares = [
            executor.submit(race_in_process, database_url, share, start) for share in (uuids[:20], uuids[20:])
        ]
        placed = [share.result(timeout=90) for share in shares]

    assert sum(placed) == len(claims(database)) == 20
    assert_books_balance(database)
