# SPDX-License-Identifier: Apache-2.0
"""compute/api.py: what each request records, and every message that it sends."""

import concurrent.futures
import dataclasses
import time

import oslo_messaging as messaging
import pytest
import sqlalchemy as sa

from minova import context, exception, objects
from minova.compute import api as compute_api
from minova.compute import create
from minova.db import actions, allocations, compute_nodes, default_data, instances, models, quotas
from tests import fake_bus, records

IMAGE = default_data.fixed_id("image", "cirros")
NETWORK = default_data.fixed_id("network", "private")
REQUEST = create.CreateRequest(name="bar", flavorid="1", image_ref=IMAGE)


def overdue(database):
    """The uuids of the instances whose task a conductor would take over now."""
    now = time.time()
    with database.reader() as conn:
        rows = conn.execute(sa.select(models.instances).where(models.instances.c.deadline_epoch <= now)).all()
    return {row.uuid for row in rows}


@pytest.fixture
def bus():
    return fake_bus.FakeBus()


@pytest.fixture
def api(database, bus):
    with database.writer() as conn:
        default_data.insert(conn)
    return compute_api.API(bus, database)


@pytest.fixture
def ctxt():
    return records.make_context()


def asked(**values):
    return dataclasses.replace(REQUEST, **values)


def read(database, uuid):
    with database.reader() as conn:
        return conn.execute(sa.select(models.instances).where(models.instances.c.uuid == uuid)).one()


def action_names(database, uuid):
    """(action, message, whether it is over) of each action, oldest first."""
    with database.reader() as conn:
        rows = actions.find(conn, uuid)
    return [(row.action, row.message, row.finish_time is not None) for row in reversed(rows)]


class TestCreate:
    def test_records_then_sends_one_cast(self, api, bus, database, ctxt):
        [created] = api.create(ctxt, REQUEST)

        row = read(database, created["uuid"])
        assert (row.vm_state, row.task_state, row.attempt, row.host) == ("building", "scheduling", 0, None)
        assert row.deadline_epoch > 0
        assert bus.sent() == [("cast", "conductor", "build_instances")]
        spec = bus.last("build_instances")["request_spec"]
        assert (spec.instance_uuids, spec.task_ids) == ([row.uuid], [row.task_id])
        with database.reader() as conn:
            [action] = actions.find(conn, row.uuid)
        assert (action.id, action.action, action.request_id) == (row.task_id, "create", ctxt.request_id)

    def test_several_are_one_cast_and_numbered(self, api, bus, database, ctxt):
        created = api.create(ctxt, asked(min_count=2, max_count=3))

        assert [row["display_name"] for row in created] == ["bar-1", "bar-2", "bar-3"]
        assert [row["launch_index"] for row in created] == [0, 1, 2]
        assert len({row["reservation_id"] for row in created}) == 1
        assert bus.sent() == [("cast", "conductor", "build_instances")]
        spec = bus.last("build_instances")["request_spec"]
        assert spec.instance_uuids == [row["uuid"] for row in created]
        assert spec.task_ids == [row["task_id"] for row in created]

    def test_record_holds_the_request_for_itself_alone(self, api, bus, database, ctxt):
        created = api.create(ctxt, asked(max_count=2, scheduler_hints={"same_host": ["x"]}))

        for row in created:
            spec = objects.RequestSpec.obj_from_primitive(read(database, row["uuid"]).request_spec)
            assert (spec.instance_uuids, spec.task_ids) == ([row["uuid"]], [row["task_id"]])
            assert spec.flavor.memory_mb == 512
            assert spec.scheduler_hints == {"same_host": ["x"]}

    @pytest.mark.parametrize(
        ("networks", "ids"),
        [(None, None), ("none", None), ("auto", [NETWORK]), ([NETWORK], [NETWORK]), ([], None)],
    )
    def test_networks(self, api, bus, ctxt, networks, ids):
        api.create(ctxt, asked(networks=networks))

        assert bus.last("build_instances")["request_spec"].requested_networks == ids

    def test_zone_and_host_of_administrators(self, api, bus, database, ctxt):
        records.add_host(database, "host1")

        api.create(ctxt, asked(availability_zone="nova", force_host="host1"))

        spec = bus.last("build_instances")["request_spec"]
        assert (spec.availability_zone, spec.force_host) == ("nova", "host1")

    def test_host_is_not_for_users(self, api, bus, database):
        records.add_host(database, "host1")
        user = context.RequestContext(user_id="bob", project_id="blue")

        with pytest.raises(exception.Forbidden):
            api.create(user, asked(force_host="host1"))
        assert bus.messages == []

    @pytest.mark.parametrize(
        "values",
        [
            {"flavorid": "nope"},
            {"image_ref": "nope"},
            {"networks": ["nope"]},
            {"availability_zone": "nope"},
            {"availability_zone": "nova", "force_host": "nope"},
            {"metadata": {"minova:fail": "dance"}},
        ],
    )
    def test_what_does_not_exist_is_the_requests_fault(self, api, bus, database, ctxt, values):
        with pytest.raises(exception.Invalid):
            api.create(ctxt, asked(**values))
        assert bus.messages == []

    @pytest.mark.parametrize(
        "values",
        [{"min_ram_mb": 513}, {"min_disk_gb": 2}, {"size_bytes": 2 * 1024**3}, {"status": "SAVING"}],
    )
    def test_image_has_to_fit(self, api, bus, database, ctxt, values):
        with database.writer() as conn:
            conn.execute(sa.update(models.images).where(models.images.c.id == IMAGE).values(**values))

        with pytest.raises(exception.Invalid):
            api.create(ctxt, REQUEST)

    def test_undeliverable_cast_leaves_the_record_and_makes_it_due(self, api, bus, database, ctxt):
        # A create while the broker was away waited for the whole deadline of its task before anybody went on with it.
        bus.failure = messaging.MessageDeliveryFailure("broker away")

        rows = api.create(ctxt, asked(min_count=2, max_count=2))

        assert overdue(database) == {row["uuid"] for row in rows}
        assert {read(database, row["uuid"]).task_state for row in rows} == {"scheduling"}

    def test_nothing_is_written_while_the_bus_is_known_to_be_away(self, api, bus, database, ctxt):
        bus.is_away = True

        with pytest.raises(exception.ServiceUnavailable):
            api.create(ctxt, REQUEST)

        with database.reader() as conn:
            assert conn.execute(sa.select(models.instances)).all() == []

    @pytest.mark.parametrize(
        ("name", "hostname"),
        [
            ("bar", "bar"),
            ("My Server_1.local", "my-server-1-local"),
            ("-.a.-", "a"),
            ("\u00e4\u00f6", ""),
            ("a" * 80, "a" * 63),
        ],
    )
    def test_hostname(self, name, hostname):
        assert create.hostname_of(name) == hostname

    def test_name_without_a_hostname_still_gets_one(self, api, ctxt):
        [created] = api.create(ctxt, asked(name="\u00e4\u00f6"))

        assert created["hostname"] == f"server-{created['uuid']}"


class TestQuota:
    @pytest.mark.parametrize(
        ("limits", "text"),
        [
            (
                {"instances": 2},
                "Quota exceeded for instances: Requested 3, but already used 0 of 2 instances",
            ),
            ({"cores": 2}, "Quota exceeded for cores: Requested 3, but already used 0 of 2 cores"),
            ({"ram": 1000}, "Quota exceeded for ram: Requested 1536, but already used 0 of 1000 ram"),
            (
                {"instances": 2, "cores": 0},
                "Quota exceeded for instances, cores: Requested 3, 3, but already used 0, 0 of 2, 0 instances, cores",
            ),
        ],
    )
    def test_exceeded(self, api, bus, conf, ctxt, limits, text):
        conf.config(group="quota", **limits)

        with pytest.raises(exception.QuotaExceeded) as error:
            api.create(ctxt, asked(min_count=3, max_count=3))

        assert error.value.message == text
        assert bus.messages == []

    def test_lets_as_few_as_min_count_pass(self, api, conf, ctxt):
        conf.config(group="quota", instances=3)

        assert len(api.create(ctxt, asked(min_count=2, max_count=9))) == 3
        with pytest.raises(exception.QuotaExceeded):
            api.create(ctxt, REQUEST)

    def test_unlimited(self, api, conf, ctxt):
        conf.config(group="quota", instances=-1, cores=-1, ram=-1)

        assert len(api.create(ctxt, asked(max_count=20))) == 20

    def test_own_limits_go_before_the_configured(self, api, database, ctxt):
        with database.writer() as conn:
            quotas.add_project(conn, ctxt.project_id)
            conn.execute(sa.update(models.quotas).values(instances=0))

        with pytest.raises(exception.QuotaExceeded):
            api.create(ctxt, REQUEST)

    def test_is_of_each_project(self, api, conf, ctxt):
        conf.config(group="quota", instances=1)
        api.create(ctxt, REQUEST)

        assert api.create(records.make_context("other"), REQUEST)

    def test_deleted_instances_do_not_count(self, api, conf, ctxt):
        conf.config(group="quota", instances=1)
        [created] = api.create(ctxt, REQUEST)
        api.delete(ctxt, created["uuid"])

        assert api.create(ctxt, REQUEST)

    def test_requests_at_once_never_exceed_it(self, api, conf, ctxt):
        conf.config(group="quota", instances=5)

        def try_once(_n):
            try:
                return len(api.create(ctxt, asked(max_count=2)))
            except exception.QuotaExceeded:
                return 0

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(try_once, range(16))) == 5

    def test_metadata_items(self, api, conf, ctxt):
        conf.config(group="quota", metadata_items=1)

        with pytest.raises(exception.QuotaExceeded):
            api.create(ctxt, asked(metadata={"a": "1", "b": "2"}))


_ACTIONS = {
    "stop": (lambda api, ctxt, uuid: api.stop(ctxt, uuid), "powering-off", "stop_instance"),
    "start": (lambda api, ctxt, uuid: api.start(ctxt, uuid), "powering-on", "start_instance"),
    "soft reboot": (lambda api, ctxt, uuid: api.reboot(ctxt, uuid, "SOFT"), "rebooting", "reboot_instance"),
    "hard reboot": (
        lambda api, ctxt, uuid: api.reboot(ctxt, uuid, "HARD"),
        "rebooting_hard",
        "reboot_instance",
    ),
}
_ALLOWED = {
    ("stop", "active", None),
    ("stop", "error", None),
    ("start", "stopped", None),
    ("soft reboot", "active", None),
    ("hard reboot", "active", None),
    ("hard reboot", "stopped", None),
    ("hard reboot", "error", None),
    ("hard reboot", "active", "rebooting"),
    ("hard reboot", "active", "rebooting_hard"),
}
_STATES = [
    ("building", "spawning"),
    ("active", None),
    ("active", "powering-off"),
    ("active", "rebooting"),
    ("active", "rebooting_hard"),
    ("active", "deleting"),
    ("stopped", None),
    ("stopped", "powering-on"),
    ("error", None),
]


class TestActions:
    @pytest.mark.parametrize("action", _ACTIONS)
    @pytest.mark.parametrize(("vm_state", "task_state"), _STATES)
    def test_states(self, api, bus, database, ctxt, action, vm_state, task_state):
        row = records.add_instance(database, task_state, vm_state, host="host1")
        run, new_task_state, method = _ACTIONS[action]

        if (action, vm_state, task_state) in _ALLOWED:
            run(api, ctxt, row.uuid)

            now = read(database, row.uuid)
            assert (now.vm_state, now.task_state, now.attempt) == (vm_state, new_task_state, 0)
            assert now.task_id not in (None, row.task_id)
            assert bus.sent() == [("cast", "compute.host1", method)]
            instance = bus.last(method)["instance"]
            assert (instance.task_id, instance.task_state) == (now.task_id, new_task_state)
        else:
            with pytest.raises(exception.InstanceInvalidState):
                run(api, ctxt, row.uuid)
            assert read(database, row.uuid) == row
            assert bus.messages == []

    def test_refusal_has_the_words_of_nova(self, api, database, ctxt):
        row = records.add_instance(database, None, "stopped", host="host1")

        with pytest.raises(exception.InstanceInvalidState) as error:
            api.stop(ctxt, row.uuid)

        assert error.value.message == (f"Cannot 'stop' instance {row.uuid} while it is in vm_state stopped")

    @pytest.mark.parametrize("action", ["stop", "hard reboot"])
    def test_without_a_host_nobody_can_be_asked(self, api, bus, database, ctxt, action):
        row = records.add_instance(database, None, "error", host=None)

        with pytest.raises(exception.Conflict):
            _ACTIONS[action][0](api, ctxt, row.uuid)
        assert bus.messages == []

    def test_interrupted_task_is_put_on_record(self, api, database, ctxt):
        row = records.add_instance(database, "rebooting", "active", host="host1")

        api.reboot(ctxt, row.uuid, "HARD")

        assert action_names(database, row.uuid) == [
            ("create", "Taken over by reboot.", True),
            ("reboot", None, False),
        ]

    def test_console_output_is_a_call(self, api, bus, database, ctxt):
        row = records.add_instance(database, None, "active", host="host1")
        bus.replies["get_console_output"] = "log"

        assert api.get_console_output(ctxt, row.uuid, 5) == "log"
        assert bus.sent() == [("call", "compute.host1", "get_console_output")]

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (messaging.MessagingTimeout(), exception.ServiceUnavailable),
            (messaging.MessageDeliveryFailure(), exception.ServiceUnavailable),
            (exception.GuestNotFound(host="h", instance_id="i"), exception.NotFound),
        ],
    )
    def test_console_output_that_does_not_come(self, api, bus, database, ctxt, reply, error):
        row = records.add_instance(database, None, "active", host="host1")
        bus.replies["get_console_output"] = reply

        with pytest.raises(error):
            api.get_console_output(ctxt, row.uuid)


class TestWhileTheBusIsAway:
    """Refused before anything is written; a message that is lost on the way makes its task due."""

    _ACTIONS = {
        "stop": ("active", lambda api, ctxt, uuid: api.stop(ctxt, uuid)),
        "start": ("stopped", lambda api, ctxt, uuid: api.start(ctxt, uuid)),
        "reboot": ("active", lambda api, ctxt, uuid: api.reboot(ctxt, uuid, "HARD")),
        "delete": ("active", lambda api, ctxt, uuid: api.delete(ctxt, uuid)),
    }

    @pytest.mark.parametrize("action", _ACTIONS)
    def test_an_action_is_refused(self, api, bus, database, ctxt, action):
        vm_state, act = self._ACTIONS[action]
        records.add_host(database, "host1")
        row = records.add_instance(database, None, vm_state, host="host1")
        bus.is_away = True

        with pytest.raises(exception.ServiceUnavailable):
            act(api, ctxt, row.uuid)

        assert read(database, row.uuid).task_state is None

    @pytest.mark.parametrize("action", _ACTIONS)
    def test_an_action_whose_message_is_lost_is_due_at_once(self, api, bus, database, ctxt, action):
        vm_state, act = self._ACTIONS[action]
        records.add_host(database, "host1")
        row = records.add_instance(database, None, vm_state, host="host1")
        bus.failure = messaging.MessageDeliveryFailure("broker away")

        act(api, ctxt, row.uuid)

        assert overdue(database) == {row.uuid}

    def test_a_delete_that_needs_no_host_is_done(self, api, bus, database, ctxt):
        row = records.add_instance(database, None, "error")
        bus.is_away = True

        api.delete(ctxt, row.uuid)

        assert read(database, row.uuid).deleted


class TestDelete:
    def test_sends_one_cast(self, api, bus, database, ctxt):
        records.add_host(database, "host1")
        row = records.add_instance(database, None, "active", host="host1")

        api.delete(ctxt, row.uuid)

        assert read(database, row.uuid).task_state == "deleting"
        assert bus.sent() == [("cast", "compute.host1", "terminate_instance")]

    def test_repeated_is_accepted_and_starts_nothing(self, api, bus, database, ctxt):
        records.add_host(database, "host1")
        row = records.add_instance(database, None, "active", host="host1")
        api.delete(ctxt, row.uuid)
        bus.messages.clear()

        api.delete(ctxt, row.uuid)

        assert bus.messages == []
        assert [name for name, _, _ in action_names(database, row.uuid)] == ["create", "delete"]

    @pytest.mark.parametrize(("vm_state", "task_state"), _STATES)
    def test_takes_over_from_every_task(self, api, bus, database, ctxt, vm_state, task_state):
        records.add_host(database, "host1")
        row = records.add_instance(database, task_state, vm_state, host="host1")

        api.delete(ctxt, row.uuid)

        assert read(database, row.uuid).task_state == "deleting"
        assert len(bus.messages) == (0 if task_state == "deleting" else 1)

    def test_without_a_host_is_at_once_and_silent(self, api, bus, database, ctxt):
        row = records.add_instance(database, "scheduling", "building", host=None)

        api.delete(ctxt, row.uuid)

        now = read(database, row.uuid)
        assert (now.deleted, now.vm_state, now.task_state, now.task_id) == (True, "deleted", None, None)
        assert bus.messages == []
        assert action_names(database, row.uuid) == [
            ("create", "Taken over by delete.", True),
            ("delete", None, True),
        ]
        with pytest.raises(exception.InstanceNotFound):
            api.delete(ctxt, row.uuid)

    @pytest.mark.parametrize("task_state", [None, "deleting"])
    def test_on_a_host_that_is_down_frees_its_claim_and_addresses(self, api, bus, database, ctxt, task_state):
        records.add_host(database, "host1")
        row = records.add_instance(
            database, task_state, "active", host="host1", network_info=[{"address": "x"}]
        )
        with database.writer() as conn:
            assert allocations.claim(conn, row.uuid, 0, "host1", 1, 512, 1)
            conn.execute(sa.update(models.services).values(forced_down=True))

        api.delete(ctxt, row.uuid)

        assert read(database, row.uuid).deleted
        assert bus.sent() == [("cast", "network", "deallocate_for_instance")]
        with database.reader() as conn:
            assert compute_nodes.find(conn)[0].vcpus_used == 0

    def test_task_of_a_deleted_instance_is_refused(self, api, database, ctxt):
        row = records.add_instance(database, "scheduling", "building", host=None)
        api.delete(ctxt, row.uuid)

        task = instances.Task(row.task_id, row.attempt)
        with database.writer() as conn, pytest.raises(exception.UnexpectedTaskStateError):
            instances.update_task(conn, row.uuid, task, ["scheduling"], 60, host="host1")
