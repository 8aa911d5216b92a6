# SPDX-License-Identifier: Apache-2.0
"""compute/api.py's evacuate: who may ask for it, when, what it records and sends."""

import pytest

from minova import context, exception, objects
from minova.compute import api as compute_api
from minova.db import actions, allocations, instances, services
from tests import fake_bus, records


@pytest.fixture
def bus():
    return fake_bus.FakeBus()


@pytest.fixture
def api(database, bus):
    for host in ("old", "new"):
        records.add_host(database, host)
    _force_down(database, "old")
    return compute_api.API(bus, database)


def _force_down(database, host, down=True):
    with database.writer() as conn:
        [service] = services.find(conn, host=host)
        services.update(conn, service.uuid, forced_down=down)


def _add(database, task_state=None, vm_state="active", host="old", **asked):
    row = records.add_instance(database, task_state, vm_state, host=host, attempt=1)
    with database.writer() as conn:
        spec = records.make_request_spec([row], task_ids=["of the build"], **asked)
        instances.set_request_spec(conn, row.uuid, spec.obj_to_primitive())
        if host:
            allocations.claim(conn, row.uuid, 0, host, 1, 512, 1)
    return row


def _get(database, row):
    with database.reader() as conn:
        return instances.get(conn, row.uuid)


@pytest.mark.parametrize("host", [None, "new"])
def test_it_records_then_sends_one_cast(api, bus, database, host):
    row = _add(database, force_host="old")

    api.evacuate(records.make_context(), row.uuid, host)

    now = _get(database, row)
    assert (now.vm_state, now.task_state, now.attempt, now.host) == ("active", "rebuilding", 0, "old")
    assert bus.sent() == [("cast", "conductor", "rebuild_instance")]
    sent = bus.last("rebuild_instance")
    assert (sent["instance"].task_id, sent["instance"].host) == (now.task_id, "old")
    kept = objects.RequestSpec.obj_from_primitive(now.request_spec)
    for spec in (sent["request_spec"], kept):
        assert (spec.task_ids, spec.attempt) == ([now.task_id], 0)
        assert (spec.force_host, spec.ignore_hosts) == (host, ["old"])
    with database.reader() as conn:
        assert actions.get_by_id(conn, now.task_id).action == "evacuate"


_ALLOWED = {
    ("active", None),
    ("stopped", None),
    ("error", None),
    ("active", "powering-off"),
    ("stopped", "powering-on"),
    ("active", "rebooting"),
    ("active", "rebooting_hard"),
}
_REFUSED = {
    ("building", "spawning"),
    ("active", "deleting"),
    ("active", "rebuilding"),
    ("stopped", "rebuild_spawning"),
}


@pytest.mark.parametrize(("vm_state", "task_state"), sorted(_ALLOWED, key=str))
def test_it_takes_over_what_a_dead_host_will_not_finish(api, bus, database, vm_state, task_state):
    row = _add(database, task_state, vm_state)

    api.evacuate(records.make_context(), row.uuid)

    assert _get(database, row).task_state == "rebuilding"
    assert len(bus.messages) == 1


@pytest.mark.parametrize(("vm_state", "task_state"), sorted(_REFUSED))
def test_it_is_refused_while_other_tasks_run(api, bus, database, vm_state, task_state):
    row = _add(database, task_state, vm_state)

    with pytest.raises(exception.InstanceInvalidState, match="Cannot 'evacuate' instance"):
        api.evacuate(records.make_context(), row.uuid)

    assert (_get(database, row).task_id, bus.messages) == (row.task_id, [])


def test_a_second_one_is_refused_while_the_first_runs(api, bus, database):
    row = _add(database)
    api.evacuate(records.make_context(), row.uuid)

    with pytest.raises(exception.InstanceInvalidState):
        api.evacuate(records.make_context(), row.uuid)

    assert len(bus.messages) == 1


def test_nothing_is_written_while_the_bus_is_known_to_be_away(api, bus, database):
    row = _add(database)
    bus.is_away = True

    with pytest.raises(exception.ServiceUnavailable):
        api.evacuate(records.make_context(), row.uuid)

    assert _get(database, row).task_state is None


def _refusal(api, row, host=None, asker=None):
    with pytest.raises(exception.MinovaException) as raised:
        api.evacuate(asker or records.make_context(), row.uuid, host)
    return type(raised.value), raised.value.message


def test_a_host_that_is_up_is_not_evacuated(api, bus, database):
    _force_down(database, "old", down=False)

    refusal = _refusal(api, _add(database))

    assert refusal == (exception.ComputeServiceInUse, "Compute service of old is still in use.")
    assert bus.messages == []


def test_a_host_whose_service_was_removed_is_down(api, bus, database):
    row = _add(database, host="removed")

    api.evacuate(records.make_context(), row.uuid)

    assert len(bus.messages) == 1


@pytest.mark.parametrize(
    ("host", "error", "message"),
    [
        ("nowhere", exception.ComputeHostNotFound, "Compute host nowhere not found."),
        ("old", exception.Invalid, "The target host can't be the same one."),
    ],
)
def test_a_target_has_to_be_another_host_that_exists(api, bus, database, host, error, message):
    row = _add(database)
    before = _get(database, row)

    assert _refusal(api, row, host) == (error, message)
    assert (_get(database, row), bus.messages) == (before, [])


def test_a_server_without_a_host_has_none_to_leave(api, database):
    kind, message = _refusal(api, _add(database, vm_state="error", host=None))

    assert (kind, message.endswith("is not ready")) == (exception.Conflict, True)


def test_only_administrators_may(api, bus, database):
    user = context.RequestContext(user_id="bob", project_id="demo")

    refusal = _refusal(api, _add(database), asker=user)

    assert refusal == (
        exception.Forbidden,
        "Policy doesn't allow os_compute_api:os-evacuate to be performed.",
    )
    assert bus.messages == []


@pytest.mark.parametrize("pinned", [{"conductor": "1.0"}, {"compute": "1.1"}])
def test_services_that_are_pinned_to_an_old_version_are_not_asked(conf, api, database, pinned):
    conf.config(group="upgrade_levels", **pinned)
    bus = fake_bus.FakeBus()

    kind, message = _refusal(compute_api.API(bus, database), _add(database))

    assert (kind, "[upgrade_levels] pins" in message) == (exception.Conflict, True)
    assert bus.messages == []
