# SPDX-License-Identifier: Apache-2.0
"""The records of who reported when."""

import pytest

from minova.db import models, services
from tests import records


@pytest.fixture
def database(tmp_path, conf):
    return records.make_database(tmp_path)


def _set_age(conn, host, seconds):
    epoch = models.services.c.last_seen_epoch
    conn.execute(
        models.services.update().where(models.services.c.host == host).values(last_seen_epoch=epoch - seconds)
    )


@pytest.fixture
def reported(database):
    """Two conductors that reported last 1,000 and 3,000 s ago, and hosts of all ages."""
    with database.writer() as conn:
        for host, seconds in (("controller1", 1000), ("controller2", 3000)):
            services.report(conn, host, "minova-conductor", "conductor", "internal")
            _set_age(conn, host, seconds)
        for host, seconds in (("late", 950), ("well", 1050), ("dead", 4000)):
            services.report(conn, host, "minova-compute", "compute", "nova")
            _set_age(conn, host, seconds)
    return database


def _come_back(database, host, longest_seconds=500):
    with database.writer() as conn:
        services.pass_over_outage(conn, "minova-conductor", "minova-compute", longest_seconds)
        services.report(conn, host, "minova-conductor", "conductor", "internal")


def _ages(database):
    with database.reader() as conn:
        return [row.seconds_since_report for row in services.find(conn, binary="minova-compute")]


def test_a_time_without_conductors_counts_for_no_hosts_silence(reported):
    _come_back(reported, "controller1")

    # "late" was heard by a conductor after that one's own last report.
    assert _ages(reported) == [pytest.approx(age, abs=20) for age in (0, 50, 3000)]


def test_the_second_conductor_that_comes_back_finds_no_outage(reported):
    _come_back(reported, "controller2")
    _come_back(reported, "controller1")

    assert _ages(reported) == [pytest.approx(age, abs=20) for age in (0, 50, 3000)]


def test_a_short_time_counts(reported):
    _come_back(reported, "controller1", longest_seconds=2000)

    assert _ages(reported) == [pytest.approx(age, abs=20) for age in (950, 1050, 4000)]


def test_the_first_conductor_of_all_judges_by_the_records(database):
    with database.writer() as conn:
        services.report(conn, "host1", "minova-compute", "compute", "nova")
        _set_age(conn, "host1", 1000)

    _come_back(database, "controller1")

    assert _ages(database) == [pytest.approx(1000, abs=20)]
