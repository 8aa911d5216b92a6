# SPDX-License-Identifier: Apache-2.0
"""What each check says of what it meets; real records, stand-ins for brokers. Real services: tests/functional."""

import collections
import datetime
import socket
import threading
import time

import pytest

from minova.db import engine, histories, migration, services
from minova.db.models import instances as instances_table
from minova.db.models import services as services_table
from minova.doctor import broker, checks, command, database, disk, patient, queues, tasks
from minova.doctor import services as service_checks
from minova.doctor.finding import error, ok, warning
from minova.up.record import Record
from tests import records

Usage = collections.namedtuple("Usage", "total used free")


@pytest.fixture
def synced(conf, tmp_path):
    """A database as the services have it."""
    conf.config(state_path=str(tmp_path))
    opened = engine.Database()
    migration.sync(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


@pytest.fixture
def silent_port():
    """Of somebody who takes connections and says nothing, as a paused broker does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _patient(port=1, state_path="/nowhere", found=None, api_urls=()):
    return patient.Patient(found, state_path, f"rabbit://guest:guest@127.0.0.1:{port}/", api_urls)


def _report(database_, binary, host="vm"):
    with database_.writer() as conn:
        services.report(conn, host, binary, binary.removeprefix("minova-"), "internal")


def _report_all(database_):
    for binary in service_checks.NEEDED:
        _report(database_, binary)


def _set_service(database_, binary, **values):
    with database_.writer() as conn:
        conn.execute(services_table.update().where(services_table.c.binary == binary).values(**values))


def _levels(findings):
    return [one.level for one in (findings if isinstance(findings, list) else [findings])]


def test_a_broker_that_is_not_there_is_told_with_its_address(closed_port):
    found = broker.look(_patient(closed_port))
    assert found.level == "error"
    assert f"No broker answers at 127.0.0.1:{closed_port}: Connection refused." in found.text


def test_a_broker_that_says_nothing_is_told_within_seconds(silent_port):
    begin = time.monotonic()
    found = broker.look(_patient(silent_port))
    assert time.monotonic() - begin < 20
    assert "takes connections, but says nothing" in found.text
    assert queues.unread(_patient(silent_port)).level == "error"


def test_tracing_waits_for_a_silent_broker_no_longer_than_the_other_checks(silent_port):
    # It waited for 5 s, as a trace does, and the whole of minova doctor with it.
    found = broker.tracing(_patient(silent_port))
    assert found.level == "warning"
    assert "could not be looked at: the broker does not answer (timed out)." in found.text


def test_without_a_management_api_it_is_said_what_was_not_looked_at(closed_port):
    found = broker.alarms(_patient(closed_port))
    assert found.level == "warning"
    assert "could not be looked at" in found.text
    assert "rabbitmq-plugins enable" in found.advice


def test_where_minova_up_does_not_run_no_service_of_it_is_to_be_started(closed_port, database):
    """`minova service start broker` then says that no minova up runs."""
    away = _patient(closed_port, api_urls=(f"http://127.0.0.1:{closed_port}",))
    found = [broker.look(away), *service_checks.heartbeats(away), *service_checks.apis(away)]
    assert [one for one in found if "minova service" in one.advice] == []
    assert all("`minova up`" in one.advice for one in found)


def test_to_the_embedded_broker_no_advice_is_given_for_rabbitmq(closed_port):
    running = Record(1, 0.0, "/nowhere", "", "", embedded_broker=True, hosts=1)
    found = broker.alarms(_patient(closed_port, found=running))
    assert "could not be looked at" in found.text
    assert "rabbitmq" not in found.advice


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (
            {"name": "n", "mem_alarm": True, "mem_used": 2e9, "mem_limit": 1e9},
            "2000 MB of the 1000 MB of memory allowed",
        ),
        ({"name": "n", "disk_free_alarm": True, "disk_free": 1e6}, "1 MB of disk left"),
    ],
)
def test_alarms_are_told(node, words):
    class Management:
        def nodes(self):
            return [node]

    class Patient:
        def management(self, timeout_seconds):
            return Management()

    (found,) = broker.alarms(Patient())
    assert found.level == "error"
    assert words in found.text


def test_a_good_database_is_told_as_such(synced):
    assert database.look(None).level == "ok"


def test_a_database_that_is_not_there_is_not_made(conf, tmp_path):
    conf.config(state_path=str(tmp_path / "elsewhere"))
    found = database.look(None)
    assert "There is no database" in found.text
    assert not (tmp_path / "elsewhere").exists()


def test_a_database_without_the_schema_is_told(conf, tmp_path):
    conf.config(state_path=str(tmp_path))
    engine.Database().engine.connect().close()
    found = database.look(None)
    assert (found.level, "db sync" in found.advice) == ("error", True)


def test_a_locked_database_is_told(synced):
    held, release = threading.Event(), threading.Event()

    def lock():
        with synced.writer():
            held.set()
            release.wait(60)

    holder = threading.Thread(target=lock)
    holder.start()
    held.wait(20)
    found = database.look(None)
    release.set()
    holder.join()
    assert found.level == "error"
    assert "locked" in found.text


def test_services_that_report_are_told_as_such(synced):
    _report_all(synced)
    assert service_checks.heartbeats(_patient()).level == "ok"


def test_a_kind_that_never_reported_is_missed(synced):
    found = service_checks.heartbeats(_patient())
    assert [one.text for one in found] == [
        f"No {binary} has ever reported." for binary in service_checks.NEEDED
    ]


def test_who_is_down_late_or_disabled_is_told(synced):
    _report_all(synced)
    epoch = services_table.c.last_seen_epoch
    _set_service(synced, "minova-scheduler", last_seen_epoch=epoch - 100)
    _set_service(synced, "minova-network", last_seen_epoch=epoch - 30)
    _set_service(synced, "minova-compute", disabled=True, disabled_reason="repair")
    down, late, disabled = service_checks.heartbeats(_patient())
    assert down.text.startswith(
        "minova-scheduler on vm is down: the last report came 1 min 40 s ago. No other is up."
    )
    assert (late.level, "minova-network on vm is late" in late.text) == ("warning", True)
    assert disabled.text == "minova-compute on vm is disabled (repair)."


def test_of_many_only_some_are_named(synced):
    _report_all(synced)
    for number in range(9):
        _report(synced, "minova-compute", f"host{number}")
    with synced.writer() as conn:
        conn.execute(
            services_table.update()
            .where(services_table.c.host.like("host%"))
            .values(last_seen_epoch=services_table.c.last_seen_epoch - 100)
        )
    (found,) = service_checks.heartbeats(_patient())
    assert "host0, host1, host2, host3, host4 and 4 more are down" in found.text
    assert "1 of 10 are up" in found.text


def test_without_a_broker_nobody_is_asked(synced, closed_port):
    found = service_checks.pings(_patient(closed_port))
    assert "No service was asked" in found.text


def test_services_of_another_release_are_told(synced):
    _report(synced, "minova-network")
    _report(synced, "minova-conductor")
    rows = service_checks.registered()
    releases = {row.id: "0.0.9" if row.topic == "network" else "0.1.0" for row in rows}
    (found,) = service_checks._differing(rows, releases, own="0.1.0")
    assert found.level == "warning"
    assert found.text == "minova-network on vm is running minova 0.0.9, and this is minova 0.1.0."


def test_an_api_that_does_not_answer_is_told(closed_port):
    (found,) = service_checks.apis(_patient(api_urls=(f"http://127.0.0.1:{closed_port}",)))
    assert found.level == "error"
    assert f"127.0.0.1:{closed_port}" in found.text


def test_dead_processes_of_minova_up_are_told(tmp_path):
    found = Record(1, 0.0, str(tmp_path), "http://api", "rabbit://", True, 1)
    found.processes = {"scheduler": 2**30}
    found.ended = {"scheduler": {"outcome": "exit code 0", "restart_at": None, "by_user": True}}
    dead, silent = service_checks.processes(_patient(found=found))
    assert dead == error("scheduler was stopped by you: minova service start scheduler.")
    assert silent.level == "warning"
    assert service_checks.processes(_patient()).level == "ok"


def test_pins_are_told(conf):
    assert service_checks.pins(None).level == "ok"
    conf.config(compute="1.0", group="upgrade_levels")
    assert "compute=1.0" in service_checks.pins(None).text


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("conductor", True),
        ("compute.host1", True),
        ("scheduler_fanout_1234", True),
        ("reply_1234", True),
        ("amq.gen-1234", False),
        ("somebody-else", False),
    ],
)
def test_only_queues_of_minova_are_looked_at(name, is_ours):
    assert queues._is_ours(name) == is_ours


def test_a_task_is_overdue_when_the_sweep_should_have_had_it(synced, conf):
    conf.config(sweep_interval=1, group="task")
    row = records.add_instance(synced, display_name="web-1")
    with synced.reader() as conn:
        now = histories.now(conn)
    _set_deadline(synced, row, now - 2)
    assert tasks.overdue(None).level == "ok"
    _set_deadline(synced, row, now - 90)
    found = tasks.overdue(None)
    assert found.text.startswith("1 task past the deadline, the oldest by 1 min 30 s: web-1 (scheduling).")


def _set_deadline(database_, row, epoch):
    with database_.writer() as conn:
        conn.execute(
            instances_table.update().where(instances_table.c.uuid == row.uuid).values(deadline_epoch=epoch)
        )


@pytest.mark.parametrize(
    ("shift_seconds", "words"), [(0, None), (-300, "5 min 0 s behind"), (300, "5 min 0 s ahead of")]
)
def test_a_clock_that_differs_is_told(synced, shift_seconds, words):
    _report_all(synced)
    epoch = services_table.c.last_seen_epoch
    # The reports stay dated as they are by their services, and move for the database.
    with synced.reader() as conn:
        now = histories.now(conn)
    moment = datetime.datetime.fromtimestamp(now + shift_seconds, datetime.UTC)
    _set_service(synced, "minova-network", updated_at=moment.replace(tzinfo=None), last_seen_epoch=epoch)
    found = tasks.clocks(None)
    if words is None:
        assert found.level == "ok"
    else:
        assert f"The clock of vm (minova-network) is {words} the database's." in [one.text for one in found]


def test_a_state_path_that_is_full_or_closed_is_told(tmp_path):
    here = _patient(state_path=str(tmp_path))
    assert disk.look(here).level == "ok"
    assert disk.look(here, usage=lambda _path: Usage(1, 1, 100_000_000)).level == "warning"
    assert disk.look(here, usage=lambda _path: Usage(1, 1, 1_000)).level == "error"
    assert "is not there" in disk.look(_patient()).text
    assert "cannot be written" in disk.look(_patient(state_path="/proc")).text
    assert list(tmp_path.iterdir()) == []


def test_no_check_takes_longer_than_all_of_it_may():
    assert max(check.seconds for check in checks.CHECKS) <= 6


def test_findings_are_shown_in_lines_that_fit():
    found = [("broker", [ok("fine " * 30)]), ("disk", [warning("little", "Make room."), error("none")])]
    lines = list(command._lines(found, collections.Counter(ok=1, warning=1, error=1), 70))
    assert all(len(line) <= 70 for line in lines)
    assert lines[-5:] == [
        "warning  disk        little",
        "                     Make room.",
        "error    disk        none",
        "",
        "1 error and 1 warning in 2 checks.",
    ]
