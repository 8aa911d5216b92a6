# SPDX-License-Identifier: Apache-2.0
"""Building instances: which messages go out, and what is on record afterwards."""

import pytest

from minova import exception, objects, rpc_client
from minova.compute import rpcapi as compute_rpcapi
from minova.conductor.records import Records
from minova.conductor.tasks.build import BuildInstances
from minova.db import actions, allocations, instances
from tests import records
from tests.fake_bus import FakeBus


class FakeQueryClient:
    """Answers with ``hosts`` for every instance, or raises ``error``; claims like the scheduler does."""

    def __init__(self, database, hosts=(), error=None):
        self._database = database
        self._hosts = hosts
        self._error = error
        self.asked = []

    def select_destinations(self, context, request_spec):
        self.asked.append(request_spec)
        if self._error:
            raise self._error
        with self._database.writer() as conn:
            for uuid in request_spec.instance_uuids:
                allocations.claim(conn, uuid, request_spec.attempt, self._hosts[0], 1, 512, 1)
        return [_selections(self._hosts) for _uuid in request_spec.instance_uuids]


def _selections(hosts):
    return [objects.Selection(host=host, weight=1.0) for host in hosts]


@pytest.fixture
def bus():
    return FakeBus()


@pytest.fixture
def make_builder(database, bus):
    for host in ("host1", "host2", "host3"):
        records.add_host(database, host)

    def make(*hosts, error=None):
        query_client = FakeQueryClient(database, hosts, error)
        builder = BuildInstances(database, Records(database), query_client, compute_rpcapi.ComputeAPI(bus))
        return builder, query_client

    return make


def _get(database, uuid):
    with database.reader() as conn:
        return instances.get(conn, uuid)


def _claimed_hosts(database, uuid):
    with database.reader() as conn:
        return [row.host for row in allocations.find_by_instances(conn, [uuid])]


def _fault(database, uuid):
    with database.reader() as conn:
        return actions.latest_faults(conn, [uuid])[uuid].message


def test_one_request_for_three_is_one_question_and_three_casts(database, bus, make_builder):
    rows = [records.add_instance(database) for _ in range(3)]
    builder, query_client = make_builder("host1", "host2")

    builder.build(records.make_context(), records.make_request_spec(rows))

    assert len(query_client.asked) == 1
    assert bus.sent() == [("cast", "compute.host1", "build_and_run_instance")] * 3
    assert [_get(database, row.uuid).host for row in rows] == ["host1"] * 3


def test_a_cast_names_the_first_attempt_and_the_alternates(database, bus, make_builder):
    row = records.add_instance(database)
    builder, _query_client = make_builder("host1", "host2", "host3")

    builder.build(records.make_context(), records.make_request_spec([row]))

    sent = bus.last("build_and_run_instance")
    assert (sent["instance"].host, sent["instance"].attempt) == ("host1", 1)
    assert sent["request_spec"].instance_uuids == [row.uuid]
    assert [selection.host for selection in sent["alternates"]] == ["host2", "host3"]


def test_a_host_without_a_queue_holds_up_no_other_instance(database, bus, make_builder):
    # After a restart of the broker hosts come back one after the other; the deadlines of their tasks see to the rest.
    rows = [records.add_instance(database) for _ in range(2)]
    builder, _query_client = make_builder("host1")
    bus.failure = rpc_client.NobodyListens("nobody listens there")

    builder.build(records.make_context(), records.make_request_spec(rows))

    kept = [_get(database, row.uuid) for row in rows]
    assert [(row.host, row.attempt, row.task_state) for row in kept] == [("host1", 1, "scheduling")] * 2


def test_an_old_compute_is_sent_no_alternates(conf, database, make_builder):
    conf.config(group="upgrade_levels", compute="1.0")
    row = records.add_instance(database)
    old_bus = FakeBus()
    query_client = FakeQueryClient(database, ["host1", "host2"])
    make_builder()
    builder = BuildInstances(database, Records(database), query_client, compute_rpcapi.ComputeAPI(old_bus))

    builder.build(records.make_context(), records.make_request_spec([row]))

    assert set(old_bus.last("build_and_run_instance")) == {"instance", "request_spec"}


def test_the_same_message_again_builds_nothing(database, bus, make_builder):
    row = records.add_instance(database)
    builder, query_client = make_builder("host1")
    spec = records.make_request_spec([row])

    builder.build(records.make_context(), spec)
    builder.build(records.make_context(), spec)

    assert len(bus.messages) == 1
    assert len(query_client.asked) == 1


@pytest.mark.parametrize(
    "error",
    [exception.NoValidHost(reason="RamFilter took 3"), exception.ServiceUnavailable(reason="no scheduler")],
    ids=["no valid host", "no scheduler"],
)
def test_an_instance_without_a_host_becomes_error_and_says_why(database, bus, make_builder, error):
    row = records.add_instance(database)
    builder, _query_client = make_builder(error=error)

    builder.build(records.make_context(), records.make_request_spec([row]))

    failed = _get(database, row.uuid)
    assert (failed.vm_state, failed.task_state, failed.task_id) == ("error", None, None)
    assert _fault(database, row.uuid) == error.message
    assert bus.messages == []


def test_a_failed_host_hands_on_to_the_next_alternate(database, bus, make_builder):
    row = records.add_instance(database)
    builder, query_client = make_builder("host1", "host2")
    context, spec = records.make_context(), records.make_request_spec([row])
    builder.build(context, spec)
    sent = bus.last("build_and_run_instance")

    builder.reschedule(context, sent["instance"], sent["request_spec"], sent["alternates"], "no disk")

    assert bus.sent()[-1] == ("cast", "compute.host2", "build_and_run_instance")
    assert bus.last("build_and_run_instance")["instance"].attempt == 2
    assert _claimed_hosts(database, row.uuid) == ["host2"]
    assert len(query_client.asked) == 1


def test_without_alternates_the_scheduler_is_asked_for_another_host(database, bus, make_builder):
    row = records.add_instance(database)
    builder, query_client = make_builder("host1")
    context, spec = records.make_context(), records.make_request_spec([row])
    builder.build(context, spec)
    sent = bus.last("build_and_run_instance")

    builder.reschedule(context, sent["instance"], sent["request_spec"], None, "no disk")

    assert query_client.asked[-1].ignore_hosts == ["host1"]
    assert bus.last("build_and_run_instance")["instance"].attempt == 2


def test_spent_attempts_end_in_error_with_the_last_reason(conf, database, bus, make_builder):
    conf.config(group="scheduler", max_attempts=1)
    row = records.add_instance(database)
    builder, _query_client = make_builder("host1", "host2")
    context, spec = records.make_context(), records.make_request_spec([row])
    builder.build(context, spec)
    sent = bus.last("build_and_run_instance")

    builder.reschedule(context, sent["instance"], sent["request_spec"], sent["alternates"], "no disk")

    assert _get(database, row.uuid).vm_state == "error"
    assert _fault(database, row.uuid) == (
        "Exceeded maximum number of retries. Tried 1 times, last on host1: no disk"
    )
    assert _claimed_hosts(database, row.uuid) == []


def test_a_late_word_of_an_earlier_attempt_changes_nothing(database, bus, make_builder):
    row = records.add_instance(database)
    builder, _query_client = make_builder("host1", "host2", "host3")
    context, spec = records.make_context(), records.make_request_spec([row])
    builder.build(context, spec)
    first = bus.last("build_and_run_instance")
    builder.reschedule(context, first["instance"], first["request_spec"], first["alternates"], "no disk")

    builder.reschedule(context, first["instance"], first["request_spec"], first["alternates"], "no disk")

    assert len(bus.messages) == 2
    assert _get(database, row.uuid).attempt == 2


def test_what_failed_and_where_it_went_is_put_on_record(database, make_builder):
    row = records.add_instance(database, attempt=1, host="host1")
    builder, _ = make_builder()
    instance = objects.Instance.from_row(row)

    builder.reschedule(
        records.make_context(), instance, records.make_request_spec([row]), _selections(["host2"]), "no luck"
    )

    with database.reader() as conn:
        newest, oldest = actions.find_events(conn, row.task_id)
    assert (oldest.event, oldest.host, oldest.result, oldest.details) == (
        "compute__do_build_and_run_instance",
        "host1",
        "Error",
        "no luck",
    )
    assert (newest.event, newest.host, newest.result) == (actions.RESCHEDULE, "host2", "Success")
