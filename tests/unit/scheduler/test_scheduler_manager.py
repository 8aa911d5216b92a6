# SPDX-License-Identifier: Apache-2.0
"""select_destinations from request to claim, on a real database."""

import pytest
from oslo_messaging.rpc import dispatcher

from minova import exception
from minova.db import allocations, decisions, services
from minova.scheduler import manager, rpcapi
from tests import records
from tests.unit.scheduler.builders import (
    add_host,
    add_instances,
    delete_instance,
    new_flavor,
    new_host_state,
    new_request,
    select_destinations,
    used,
)


@pytest.fixture
def scheduler(database):
    return manager.SchedulerManager(None, database)


def refusal(scheduler, request_spec):
    """The message of NoValidHost, as the conductor gets to see it."""
    with pytest.raises(dispatcher.ExpectedException) as raised:
        scheduler.select_destinations(records.make_context(), request_spec)
    kind, error, _traceback = raised.value.exc_info
    assert kind is exception.NoValidHost
    return error.message


def claims_of(database, uuid):
    with database.reader() as conn:
        return {(row.host, row.attempt) for row in allocations.find_by_instances(conn, [uuid])}


def decisions_of(database, uuid):
    with database.reader() as conn:
        return decisions.find_by_instance(conn, uuid)


def test_the_version_is_that_of_the_client():
    assert manager.SchedulerManager.target.version == rpcapi.SchedulerAPI.VERSION


def test_the_first_host_is_claimed_and_its_alternates_are_not(database, scheduler):
    for number in range(4):
        add_host(database, f"host{number}", memory_mb=8192 + number)
    (uuid,) = add_instances(database)

    hosts = select_destinations(scheduler, new_request([uuid], new_flavor(2, 2048, 20)))

    assert hosts == [["host3", "host2", "host1"]]
    assert claims_of(database, uuid) == {("host3", 0)}
    assert used(database) == {
        "host0": (0, 0, 0),
        "host1": (0, 0, 0),
        "host2": (0, 0, 0),
        "host3": (2, 2048, 20),
    }


def test_the_answer_is_in_the_order_of_the_request(database, scheduler):
    add_host(database, "host1", vcpus=2)
    add_host(database, "host2", vcpus=2)
    uuids = add_instances(database, 4)

    hosts = select_destinations(scheduler, new_request(uuids))

    assert [claims_of(database, uuid) for uuid in uuids] == [{(each[0], 0)} for each in hosts]
    assert used(database) == {"host1": (2, 2048, 20), "host2": (2, 2048, 20)}


def test_no_valid_host_names_each_filter_and_what_it_took(database, scheduler):
    add_host(database, "host1", memory_mb=512)
    add_host(database, "host2", memory_mb=512)
    add_host(database, "host3", accepting=False)
    (uuid,) = add_instances(database)

    message = refusal(scheduler, new_request([uuid]))

    assert message == "No valid host was found. 3 hosts: ComputeFilter took 1, RamFilter took 2, 0 left."


def test_no_valid_host_without_any_host(database, scheduler):
    (uuid,) = add_instances(database)

    message = refusal(scheduler, new_request([uuid]))

    assert message == "No valid host was found. 0 hosts: no compute service has reported yet."


def test_a_request_is_placed_as_a_whole_or_not_at_all(database, scheduler):
    add_host(database, "host1", vcpus=2)
    uuids = add_instances(database, 3)

    message = refusal(scheduler, new_request(uuids))

    assert message == (
        "No valid host was found. 1 host: CoreFilter took 1, 0 left. "
        "This was instance 3 of 3; a request is placed as a whole or not at all."
    )
    assert used(database) == {"host1": (0, 0, 0)}
    assert [claims_of(database, uuid) for uuid in uuids] == [set()] * 3
    kept = [decisions_of(database, uuid)[0] for uuid in uuids]
    assert [row.host for row in kept] == [None] * 3
    assert [row.decision["host"] for row in kept] == ["host1", "host1", None]
    assert ["undone" in row.decision for row in kept] == [True, True, False]


def test_asking_again_returns_what_is_claimed(database, scheduler):
    for number in range(5):
        add_host(database, f"host{number}")
    uuids = add_instances(database, 2)
    first = select_destinations(scheduler, new_request(uuids))

    again = select_destinations(scheduler, new_request(uuids))

    assert [hosts[0] for hosts in again] == [hosts[0] for hosts in first]
    assert [len(set(hosts)) for hosts in again] == [3, 3]
    assert sum(vcpus for vcpus, _, _ in used(database).values()) == 2
    assert [len(decisions_of(database, uuid)) for uuid in uuids] == [1, 1]


def test_asking_again_returns_what_is_claimed_when_nothing_else_is_left(database, scheduler):
    add_host(database, "host1", vcpus=2)
    uuids = add_instances(database, 2)
    select_destinations(scheduler, new_request(uuids))

    assert select_destinations(scheduler, new_request(uuids)) == [["host1"], ["host1"]]


def test_the_next_attempt_goes_elsewhere(database, scheduler):
    add_host(database, "host1")
    add_host(database, "host2")
    (uuid,) = add_instances(database, attempt=1)
    with database.writer() as conn:
        allocations.claim(conn, uuid, 0, "host1", 1, 1024, 10)

    hosts = select_destinations(scheduler, new_request([uuid], attempt=1, ignore_hosts=["host1"]))

    assert hosts == [["host2"]]
    assert claims_of(database, uuid) == {("host1", 0), ("host2", 1)}


def test_a_claim_left_by_an_earlier_attempt_is_replaced_on_the_same_host(database, scheduler):
    add_host(database, "host1")
    (uuid,) = add_instances(database, attempt=1)
    with database.writer() as conn:
        allocations.claim(conn, uuid, 0, "host1", 1, 1024, 10)

    hosts = select_destinations(scheduler, new_request([uuid], attempt=1))

    assert hosts == [["host1"]]
    assert claims_of(database, uuid) == {("host1", 1)}
    assert used(database) == {"host1": (1, 1024, 10)}


@pytest.mark.parametrize("lost", ["deleted", "other task", "other attempt"])
def test_an_instance_that_lost_its_task_gets_no_claim(database, scheduler, lost):
    add_host(database, "host1")
    held, dropped = add_instances(database, 2)
    request_spec = new_request([dropped, held])
    if lost == "deleted":
        delete_instance(database, dropped)
    elif lost == "other task":
        request_spec.task_ids = ["22222222-2222-4222-8222-222222222222", request_spec.task_ids[1]]
    else:
        (dropped,) = add_instances(database, attempt=1)
        request_spec.instance_uuids = [dropped, held]

    assert select_destinations(scheduler, request_spec) == [[], ["host1"]]
    assert claims_of(database, dropped) == set()
    assert used(database) == {"host1": (1, 1024, 10)}
    assert decisions_of(database, dropped) == []


def test_a_lost_instance_leaves_its_room_to_the_others(database, scheduler):
    add_host(database, "host1", vcpus=1)
    deleted, held = add_instances(database, 2)
    delete_instance(database, deleted)

    assert select_destinations(scheduler, new_request([deleted, held])) == [[], ["host1"]]


def test_a_request_with_nothing_left_is_no_error(database, scheduler):
    (uuid,) = add_instances(database)
    delete_instance(database, uuid)

    assert select_destinations(scheduler, new_request([uuid])) == [[]]


def test_a_host_that_says_it_stops_is_not_chosen(database, scheduler):
    add_host(database, "host1", memory_mb=16384)
    add_host(database, "host2")
    (uuid,) = add_instances(database)

    scheduler.update_host_states(records.make_context(), [new_host_state("host1", accepting=False)])

    assert select_destinations(scheduler, new_request([uuid])) == [["host2"]]


def test_hints_place_beside_or_apart(database, scheduler):
    for name in ("host1", "host2", "host3"):
        add_host(database, name)
    first, beside, apart = add_instances(database, 3)
    ((home, *_),) = select_destinations(scheduler, new_request([first]))

    assert select_destinations(scheduler, new_request([beside], scheduler_hints={"same_host": [first]})) == [
        [home]
    ]
    hint = {"different_host": [first]}
    ((other, *_),) = select_destinations(scheduler, new_request([apart], scheduler_hints=hint))
    assert other != home


def test_the_decision_is_kept(database, scheduler):
    add_host(database, "host1", "east")
    add_host(database, "host2", "west")
    (uuid,) = add_instances(database)
    select_destinations(scheduler, new_request([uuid], availability_zone="west"))

    (row,) = decisions_of(database, uuid)

    assert (row.host, row.attempt, row.decision["host"]) == ("host2", 0, "host2")
    assert row.request_id.startswith("req-")
    (zone,) = [each for each in row.decision["filters"] if each["removed"]]
    assert zone == {
        "name": "AvailabilityZoneFilter",
        "removed": 1,
        "hosts": {"host1": "is in zone east, not in west"},
    }


class RivalHostManager:
    """Reads hosts as ``real`` does; just after the first read, ``rival`` places its own request."""

    def __init__(self, real, rival):
        self._real = real
        self._rival = rival
        self.locks = []

    def get_hosts(self, conn, request_spec, lock=False):
        hosts = self._real.get_hosts(conn, request_spec, lock)
        self.locks.append(lock)
        if len(self.locks) == 1:
            self._rival()
        return hosts


@pytest.fixture
def rival_scheduler(database):
    return manager.SchedulerManager(None, database)


@pytest.fixture
def race(scheduler):
    """Run a request of ``scheduler`` with a rival between its reading and its claiming."""

    def run(request_spec, rival):
        real = scheduler._destinations._host_manager
        racing = scheduler._destinations._host_manager = RivalHostManager(real, rival)
        try:
            return select_destinations(scheduler, request_spec)
        finally:
            scheduler._destinations._host_manager = real
            assert racing.locks == [False, True]

    return run


def test_a_lost_race_ends_on_the_next_best_host(database, rival_scheduler, race):
    add_host(database, "host1", vcpus=1, memory_mb=16384)
    add_host(database, "host2", vcpus=1)
    mine, rivals = add_instances(database, 2)

    def rival():
        assert select_destinations(rival_scheduler, new_request([rivals])) == [["host1", "host2"]]

    assert race(new_request([mine]), rival) == [["host2"]]
    assert used(database) == {"host1": (1, 1024, 10), "host2": (1, 1024, 10)}
    assert [row.host for row in decisions_of(database, mine)] == ["host2"]


def test_a_lost_race_for_the_last_slot_ends_without_host(database, rival_scheduler, race):
    add_host(database, "host1", vcpus=1)
    mine, rivals = add_instances(database, 2)

    with pytest.raises(dispatcher.ExpectedException):
        race(new_request([mine]), lambda: select_destinations(rival_scheduler, new_request([rivals])))

    assert used(database) == {"host1": (1, 1024, 10)}
    assert claims_of(database, mine) == set()
    (row,) = decisions_of(database, mine)
    assert row.host is None
    (core,) = [each for each in row.decision["filters"] if each["removed"]]
    assert core["hosts"] == {"host1": "needs 1 vCPUs, 0 of 1 are free"}


def test_a_report_makes_a_service(database, scheduler):
    scheduler.report_state()

    with database.reader() as conn:
        (service,) = services.find(conn)
    assert (service.binary, service.topic, service.availability_zone) == (
        "minova-scheduler",
        "scheduler",
        "internal",
    )


def test_old_decisions_are_deleted_from_time_to_time(conf, database, scheduler):
    conf.config(group="scheduler", decisions_kept=1)
    add_host(database, "host1")
    old, new = add_instances(database, 2)
    for uuid in (old, new):
        select_destinations(scheduler, new_request([uuid]))

    ((_seconds, prune),) = scheduler.periodic_tasks()
    prune()

    assert [len(decisions_of(database, uuid)) for uuid in (old, new)] == [0, 1]
