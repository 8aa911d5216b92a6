# SPDX-License-Identifier: Apache-2.0
"""No conductor for longer than a host may be silent, or no database: what db.services makes of it on real servers."""

import concurrent.futures
import threading

import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova.db import engine, models, services

CONF = minova.conf.CONF
_OUTAGE_SECONDS = 1000
_LONGEST_SECONDS = 500
_ROUNDS = 20


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def databases(request, tmp_path):
    """Those of two conductors, which share nothing but the records."""
    url = (
        f"sqlite:///{tmp_path}/records.sqlite3"
        if request.param == "sqlite"
        else request.getfixturevalue(f"{request.param}_url")
    )
    with config_fixture.Config(CONF) as conf:
        conf.conf([], project="minova", default_config_files=[])
        engine.set_defaults(CONF)
        conf.config(group="database", connection=url)
        databases = [engine.Database(), engine.Database()]
        models.metadata.create_all(databases[0].engine)
        yield databases
        models.metadata.drop_all(databases[0].engine)
        for database in databases:
            database.dispose()


def _report(database, host, binary="minova-compute", silent_seconds=0):
    """A service reported last so long ago."""
    with database.writer() as conn:
        services.report(conn, host, binary, "topic", "nova")
        table = models.services
        statement = table.update().where(table.c.host == host, table.c.binary == binary)
        conn.execute(statement.values(last_seen_epoch=engine.now_epoch() - silent_seconds))


def _come_back(database, host):
    with database.writer() as conn:
        services.pass_over_outage(conn, "minova-conductor", "minova-compute", _LONGEST_SECONDS)
        services.report(conn, host, "minova-conductor", "conductor", "internal")


def _ages(database):
    with database.reader() as conn:
        found = services.find(conn, binary="minova-compute")
    return {row.host: pytest.approx(row.seconds_since_report, abs=50) for row in found}


def test_a_time_without_conductors_counts_for_no_hosts_silence(databases):
    _report(databases[0], "controller1", "minova-conductor", _OUTAGE_SECONDS)
    for host, seconds in (("late", 900), ("well", 1100), ("dead", 4000)):
        _report(databases[0], host, silent_seconds=seconds)

    _come_back(databases[0], "controller1")

    assert _ages(databases[0]) == {"late": 0, "well": 100, "dead": 3000}


def test_of_two_conductors_that_come_back_at_once_one_finds_the_outage(databases):
    # Each would have moved the reports by it: a host that had died before seemed alive.
    come_back = engine.retry_on_deadlock(_come_back)
    hosts = ["controller1", "controller2"]
    barrier = threading.Barrier(2)

    def return_at_once(database, host):
        barrier.wait(30)
        come_back(database, host)

    for _ in range(_ROUNDS):
        for host in hosts:
            _report(databases[0], host, "minova-conductor", _OUTAGE_SECONDS)
        for host, seconds in (("well", 1100), ("dead", 4000)):
            _report(databases[0], host, silent_seconds=seconds)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _done in pool.map(return_at_once, databases, hosts):
                pass

        assert _ages(databases[0]) == {"well": 100, "dead": 3000}


def test_a_host_that_reports_meanwhile_keeps_its_report(databases):
    # A report that waits for the same rows, or is waited for, ends as the newest one.
    come_back, report = engine.retry_on_deadlock(_come_back), engine.retry_on_deadlock(_report)
    barrier = threading.Barrier(2)

    def at_once(function, *arguments):
        barrier.wait(30)
        function(*arguments)

    for _ in range(_ROUNDS):
        _report(databases[0], "controller1", "minova-conductor", _OUTAGE_SECONDS)
        for host in ("other", "reporting"):
            _report(databases[0], host, silent_seconds=1100)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            returning = pool.submit(at_once, come_back, databases[0], "controller1")
            pool.submit(at_once, report, databases[1], "reporting").result()
            returning.result()

        assert _ages(databases[0]) == {"other": 100, "reporting": 0}
