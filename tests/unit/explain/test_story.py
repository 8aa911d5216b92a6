# SPDX-License-Identifier: Apache-2.0
"""The sentences of a story, from real records and stand-ins for the broker and the recording."""

import dataclasses
import json

import pytest
from oslo_messaging.rpc.dispatcher import ExpectedException
from oslo_utils import timeutils

from minova import exception
from minova.conductor.records import Records
from minova.db import actions, decisions, instances, services
from minova.db.models import instances as instances_table
from minova.db.models import services as services_table
from minova.explain import bus_view, case, lives, messages, story, text
from minova.explain.sentence import Sentence, duration
from minova.scheduler import manager
from minova.trace.message import CALL, CAST, DROPPED, HELD, REPLY, TIMED_OUT, UNROUTED, Message
from minova.up.record import Record
from tests import records
from tests.unit.scheduler.builders import select_destinations

_NO_BUS = bus_view.BusView({}, problem="nobody listens there")
_NOTHING_SAID = messages.Said([], "Nothing was recorded.")


def _tell(database, name, bus=_NO_BUS, said=_NOTHING_SAID, its_lives=()):
    return story.tell(case.read(database, name), bus, said, its_lives)


def _texts(told):
    return [sentence.text for sentence in told.past]


def _set(database, row, **values):
    with database.writer() as conn:
        conn.execute(instances_table.update().where(instances_table.c.uuid == row.uuid).values(**values))


def _silence(database, host, seconds):
    with database.writer() as conn:
        conn.execute(
            services_table.update()
            .where(services_table.c.host == host)
            .values(last_seen_epoch=services_table.c.last_seen_epoch - seconds)
        )


def _queue(name, count, consumers):
    return {"name": name, "messages": count, "consumers": consumers}


@pytest.fixture
def built(database):
    """A server that the scheduler placed and host2 built."""
    for host in ("host1", "host2"):
        records.add_host(
            database, host, vcpus=1 if host == "host1" else 16, memory_mb=64 if host == "host1" else 4096
        )
    row = records.add_instance(database, display_name="web-1")
    select_destinations(manager.SchedulerManager(None, database), records.make_request_spec([row]))
    keeper = Records(database)
    keeper.assign(row, "host2")
    event = {
        "name": "compute__do_build_and_run_instance",
        "host": "host2",
        "start_time": timeutils.utcnow().isoformat(),
    }
    updates = {"vm_state": "active", "task_state": None, "power_state": 1}
    keeper.update(row.uuid, instances.Task(row.task_id, 1), ["scheduling"], updates, event)
    return row


def test_a_boot_is_told_from_the_wish_to_the_end(database, built):
    told = _tell(database, "web-1")
    asked, choice, step, end = _texts(told)
    assert asked == "User user of project demo asked minova-api to boot web-1."
    assert choice.startswith("The scheduler chose and claimed host2 for attempt 1, out of 2 hosts (1 left")
    assert step.startswith("host2 built it, in ")
    assert end.startswith("The boot was done, ")
    assert told.head == f"web-1 ({built.uuid}) is ACTIVE on host2."
    assert told.present == ["It is active on host2. Nothing is going on."]


def test_a_choice_names_the_refused_hosts_and_the_weights(database, built):
    choice = next(sentence for sentence in _tell(database, "web-1").past if sentence.kind == "choice")
    assert "RamFilter refused host1: needs 512 MB, the host has 64 MB in all" in choice.details
    assert any(line.startswith("host2 weighs ") and "RAMWeigher" in line for line in choice.details)


def test_equal_weights_are_said_to_be_chance(database):
    for host in ("host1", "host2"):
        records.add_host(database, host)
    row = records.add_instance(database)
    select_destinations(manager.SchedulerManager(None, database), records.make_request_spec([row]))
    (choice,) = [sentence for sentence in _tell(database, row.uuid).past if sentence.kind == "choice"]
    assert "host1, host2 weigh the same: chance decided" in choice.details


def test_the_weigher_that_decided_is_named(database):
    records.add_host(database, "host1", memory_mb=2048)
    records.add_host(database, "host2", memory_mb=4096)
    row = records.add_instance(database)
    select_destinations(manager.SchedulerManager(None, database), records.make_request_spec([row]))
    (choice,) = [sentence for sentence in _tell(database, row.uuid).past if sentence.kind == "choice"]
    assert "host2 is 1.000 ahead of host1, the largest share by RAMWeigher" in choice.details


def test_no_valid_host_is_told_with_its_meaning(database):
    records.add_host(database, "host1", memory_mb=64)
    row = records.add_instance(database)
    with pytest.raises(ExpectedException) as expected:
        select_destinations(manager.SchedulerManager(None, database), records.make_request_spec([row]))
    error = expected.value.exc_info[1]
    Records(database).fail(row.uuid, instances.Task(row.task_id, 0), error)
    told = _tell(database, row.uuid)
    assert "The scheduler found no host for attempt 1: none of 1 host was left by the filters." in _texts(
        told
    )
    (fault,) = told.faults
    assert fault["message"] == error.message
    assert "smaller flavor" in fault["meanings"][0]["to_do"]
    assert "in ERROR" in told.present[0]


def test_a_choice_of_which_nothing_was_kept_is_missed_aloud(database, built):
    with database.writer() as conn:
        decisions.prune(conn, 0)
    assert any("no decision" in source for source in _tell(database, "web-1").sources)


def test_failed_hosts_and_takeovers_are_told_in_order(database):
    row = records.add_instance(database, attempt=2, host="host2")
    with database.writer() as conn:
        now = timeutils.utcnow()
        for event, host, error in (
            ("compute__do_build_and_run_instance", "host1", "The hypervisor failed to spawn it: bad luck"),
            (actions.RESCHEDULE, "host2", None),
            (actions.TAKE_OVER, "controller1", "abandoned in spawning (time 1)"),
            ("rebuild_server", "controller1", None),
            ("rebuild_server", "controller1", "No valid host was found."),
            ("compute_dance", "host2", None),
        ):
            actions.add_event(conn, row.task_id, event, host, now, error)
    past = {sentence.text: sentence.kind for sentence in _tell(database, row.uuid).past}
    assert past["host1 could not build it: The hypervisor failed to spawn it: bad luck."] == "retry"
    assert past["A conductor gave it to the next host of the list, host2."] == "retry"
    takeover = (
        "Nobody had worked on it until its deadline: the conductor on controller1 took it over, abandoned in spawning "
        "(time 1)."
    )
    assert past[takeover] == "takeover"
    assert past["The conductor on controller1 gave it to another host."] == "retry"
    assert "The conductor on controller1 found no other host for it: No valid host was found." in past
    assert any(sentence.startswith("host2 ended compute_dance") for sentence in past)


def test_a_deleted_server_is_found_by_its_name(database, built):
    with database.writer() as conn:
        instances.delete(conn, instances.get(conn, built.uuid))
    told = _tell(database, "web-1")
    assert told.head.startswith(f"web-1 ({built.uuid}) is DELETED")
    assert told.present == ["It is deleted. Nothing is going on."]


def test_the_living_go_before_the_deleted_of_the_same_name(database, built):
    with database.writer() as conn:
        instances.delete(conn, instances.get(conn, built.uuid))
    row = records.add_instance(database, display_name="web-1")
    told = _tell(database, "web-1")
    assert told.server["id"] == row.uuid
    assert f"1 deleted server had this name, too: {built.uuid}. Give the uuid" in told.sources[-1]


def test_several_living_of_one_name_are_not_guessed_at(database):
    uuids = [records.add_instance(database, display_name="twin").uuid for _ in range(2)]
    with pytest.raises(exception.Conflict) as raised:
        case.read(database, "twin")
    assert all(uuid in raised.value.message for uuid in uuids)
    assert case.read(database, uuids[0]).uuid == uuids[0]


def test_a_server_that_never_was_is_refused(database):
    with pytest.raises(exception.InstanceNotFound, match="nobody"):
        case.read(database, "nobody")


def test_a_message_that_nobody_reads_is_told_with_its_queue(database):
    row = records.add_instance(database)
    bus = bus_view.BusView(
        {"conductor": _queue("conductor", 0, 1), "scheduler": _queue("scheduler", 1, 0)}, held=[]
    )
    present = _tell(database, row.uuid, bus).present
    assert "Queue scheduler holds 1 message and has no consumer: no minova-scheduler listens." in present
    assert "Queue conductor holds 0 messages and has 1 consumer." in present


def test_a_held_message_is_told_as_such(database):
    records.add_host(database, "host1")
    row = records.add_instance(database, host="host1", attempt=1)
    bus = bus_view.BusView(
        {"compute.host1": _queue("compute.host1", 2, 1)}, held=[{"queue": "compute.host1"}]
    )
    assert (
        "Queue compute.host1 holds 2 messages (1 of them held by the debugger: minova step) and has 1 consumer."
        in _tell(database, row.uuid, bus).present
    )


def test_a_missing_queue_and_a_missing_broker_are_told(database):
    row = records.add_instance(database, host="host1", attempt=1)
    assert any(
        "There is no queue compute.host1" in s
        for s in _tell(database, row.uuid, bus_view.BusView({})).present
    )
    assert "The queues cannot be looked at: nobody listens there." in _tell(database, row.uuid).present


@pytest.mark.parametrize(
    ("state", "silent_seconds", "takeovers", "words"),
    [
        ({"host": None}, 0, 0, "a conductor asks the scheduler again (takeover 1 of 3)."),
        ({"host": "host1"}, 0, 1, "a conductor sends the build to host1 again (takeover 2 of 3)."),
        ({"host": "host1"}, 900, 0, "a conductor gives it to another host (takeover 1 of 3)."),
        (
            {"host": "host1"},
            0,
            3,
            "a conductor gives it up: it was taken over 3 times, and comes no further.",
        ),
        ({"host": "host1", "task_state": "deleting"}, 0, 0, "sends the delete to host1 again"),
        ({"host": "host1", "task_state": "deleting"}, 900, 0, "deletes it without its host"),
        ({"host": "host1", "task_state": "rebuilding"}, 900, 0, "a conductor asks the scheduler again"),
        ({"host": "host1", "task_state": "rebuild_spawning"}, 900, 0, "has it made anew on another host"),
        ({"host": "host1", "task_state": "rebuild_spawning"}, 0, 0, "sends it to host1 again"),
        ({"host": "host1", "task_state": "rebooting"}, 0, 0, "a conductor sends it to host1 again"),
        ({"host": "host1", "task_state": "rebooting"}, 900, 0, "because host1 is down: ERROR."),
    ],
)
def test_it_is_told_what_a_conductor_will_do(database, state, silent_seconds, takeovers, words):
    records.add_host(database, "host1")
    _silence(database, "host1", silent_seconds)
    row = records.add_instance(database, takeovers=takeovers, **state)
    present = _tell(database, row.uuid).present
    assert words in present[-1]
    assert present[-1].startswith("Its deadline is in ")


def test_a_deadline_that_has_passed_is_told(database):
    row = records.add_instance(database)
    _set(database, row, deadline_epoch=case.read(database, row.uuid).now - 7)
    assert "Its deadline passed 7" in _tell(database, row.uuid).present[-1]


def test_who_is_late_and_who_is_down_is_told(database):
    records.add_host(database, "host1")
    with database.writer() as conn:
        services.report(conn, "controller1", "minova-conductor", "conductor", "internal")
    row = records.add_instance(database, host="host1", attempt=1)
    _silence(database, "host1", 30)
    _silence(database, "controller1", 120)
    present = " ".join(_tell(database, row.uuid).present)
    assert (
        "minova-compute on host1 last reported 30 s ago and should every 10 s; it counts as down in 30 s."
        in present
    )
    assert "minova-conductor on controller1 counts as down: it last reported 2 min 0 s ago." in present


def test_dead_stopped_and_paused_processes_are_told(database, tmp_path):
    found = Record(1, 0.0, str(tmp_path), "http://api", "rabbit://", True, 1)
    found.processes = {"scheduler": 2**30, "network": 2**30, "conductor": 2**30, "api": 2**30, "page": 2**30}
    found.ended = {
        "scheduler": {"outcome": "exit code 0", "restart_at": None, "by_user": True},
        "network": {"outcome": "signal SIGKILL", "restart_at": None, "by_user": False},
        "conductor": {"outcome": "signal SIGKILL", "restart_at": 5.0, "by_user": False},
    }
    assert lives.sentences(found) == [
        "scheduler was stopped by you: minova service start scheduler.",
        "network ended with signal SIGKILL and stays dead: minova service start network.",
        "conductor ended with signal SIGKILL; minova up starts it again in a moment.",
        f"api (pid {2**30}) has just ended.",
    ]
    assert lives.sentences(None) == []


def _message(kind, method, time, key="conductor", **fields):
    return Message(time, kind, "minova", key, 10, method=method, sender="minova-api@vm", **fields)


def _taken(time):
    return {"queue": "reply_1", "time": time}


def _note(what, text="so it was"):
    return {"time": 1.5, "what": what, "text": text}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"notes": [_note(DROPPED)]}, ", which answered after 0.5 s, but the answer was dropped on its way."),
        (
            {"notes": [_note(UNROUTED)]},
            "answered after 0.5 s, but there was no queue for the answer: it was lost.",
        ),
        ({"notes": [_note(HELD)]}, ", which answered after 0.5 s, but the debugger holds the answer."),
        ({}, ", which answered after 0.5 s, but nobody has taken the answer."),
        ({"notes": [_note(HELD)], "delivered": [_taken(9.0)]}, " and got the answer after 8.0 s."),
    ],
)
def test_an_answer_that_did_not_come_is_not_said_to_have_come(reply, words):
    """Of a lost answer it was told that the caller got it after some milliseconds."""
    call = _message(CALL, "select", 1.0, "scheduler", msg_id="a", delivered=[_taken(1.0)])
    (told,) = messages.sentences([call, _message(REPLY, "", 1.5, msg_id="a", **reply)])
    assert told.text.endswith(words)
    assert len(told.details) == len(reply.get("notes", ()))


def test_an_answer_that_came_too_late_is_told_as_such():
    late = _message(CALL, "select", 1.0, msg_id="a", delivered=[_taken(1.0)], notes=[_note(TIMED_OUT)])
    (told,) = messages.sentences([late, _message(REPLY, "", 3.0, msg_id="a", delivered=[_taken(3.0)])])
    assert told.text.endswith(", taken at once; no answer came in time; one came after 2.0 s.")


def test_calls_are_told_with_their_answer_and_casts_with_their_taking():
    said = messages.sentences(
        [
            _message(CAST, "build", 1.0, delivered=[{"queue": "conductor", "time": 1.5}]),
            _message(CALL, "select", 2.0, "scheduler", msg_id="a"),
            _message(REPLY, "", 2.2, msg_id="a", failure="NoValidHost", delivered=[_taken(2.25)]),
            _message(CALL, "select", 3.0, "scheduler", msg_id="b"),
            _message(REPLY, "", 3.1, msg_id="b", ending=False),
            _message(REPLY, "", 3.4, msg_id="b", delivered=[_taken(3.5)]),
            _message(CAST, "build", 4.0, "compute.host1", queues=("compute.host1",)),
            _message(CALL, "select", 5.0, "scheduler", msg_id="c", queues=("scheduler",),
                     notes=[{"time": 15.0, "what": TIMED_OUT, "text": "timed out: after 10 s"}]),
        ]
    )  # fmt: skip
    assert [sentence.text for sentence in said] == [
        "minova-api@vm cast build of conductor, taken after 0.5 s.",
        "minova-api@vm called select of scheduler and got NoValidHost after 0.2 s.",
        "minova-api@vm called select of scheduler and got the answer after 0.5 s.",
        "minova-api@vm cast build of compute.host1, which nobody has taken from queue compute.host1.",
        "minova-api@vm called select of scheduler, which nobody has taken from queue scheduler; "
        "no answer came in time.",
    ]
    assert said[-1].details == ("00:00:15 timed out: after 10 s",)


def test_a_long_life_is_told_by_its_beginning_and_its_end():
    said = messages.sentences([_message(CAST, "reboot", float(n)) for n in range(500)])
    assert len(said) == 101
    assert any(sentence.text == "(400 messages left out here.)" for sentence in said)


def test_a_report_says_what_it_reports():
    body = {"args": {"updates": {"task_state": None, "vm_state": "active"}}}
    (told,) = messages.sentences([_message(CAST, "instance_update", 1.0, body=body)])
    assert "instance_update (vm_state active, task_state none) of conductor" in told.text


@pytest.mark.parametrize("content", [b"nonsense", b'{"minova_trace": 99}\n'])
def test_a_recording_that_cannot_be_used_is_no_end_of_the_story(tmp_path, content):
    assert "There is no recording" in messages.read(str(tmp_path), "a-uuid").source
    (tmp_path / "trace").mkdir()
    (tmp_path / "trace" / "recording.jsonl").write_bytes(content)
    assert "cannot be used" in messages.read(str(tmp_path), "a-uuid").source


def test_a_story_fits_the_width_and_is_json(database, built):
    told = _tell(database, "web-1")
    assert all(len(line) <= 60 for line in text.render(told, width=60).splitlines())
    assert json.loads(json.dumps(dataclasses.asdict(told)))["server"]["name"] == "web-1"


def test_a_story_gives_no_orders_to_the_terminal(database, built):
    said = messages.Said([Sentence(0, "message", "\x1b[31mred\n", ("\x9b0m",))], "\x07")
    told = text.render(_tell(database, "web-1", said=said), width=60)
    assert "red" in told
    assert all(line.isprintable() for line in told.split("\n"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0031, "3 ms"), (0.35, "0.3 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (-1, "0 ms"),
     (3 * 3600 + 305, "3 h 5 min")],
)  # fmt: skip
def test_durations_have_the_unit_that_fits(seconds, words):
    assert duration(seconds) == words
