# SPDX-License-Identifier: Apache-2.0
"""Storms, as `minova chaos` makes them: a minute in all, or ten with `scripts/test --slow`."""

import os
import subprocess
import sys

import pytest

MINOVA = os.path.join(os.path.dirname(sys.executable), "minova")
SHORT_MINUTES = 0.5
SLOW_MINUTES = 5


@pytest.fixture
def storm(request):
    """Runs one storm and gives its report; a seed of the day's own would make a failure of luck."""

    def run(seed, *options):
        minutes = SLOW_MINUTES if request.config.getoption("--slow") else SHORT_MINUTES
        command = [MINOVA, "chaos", "--minutes", str(minutes), "--seed", str(seed), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=minutes * 60 + 500)
        assert done.returncode == 0, done.stdout[-20000:] + done.stderr
        assert done.stdout.endswith("Nothing was found.\n")
        assert "kill -9" in done.stdout
        return done.stdout

    return run


@pytest.mark.timeout(900)
def test_a_storm_on_the_embedded_broker_and_sqlite_finds_nothing(storm):
    assert "the embedded broker, SQLite" in storm(1)


@pytest.mark.timeout(900)
def test_a_storm_on_rabbitmq_and_postgresql_finds_nothing(storm, rabbitmq_url, postgresql_url):
    report = storm(3, "--transport-url", rabbitmq_url, "--database-connection", postgresql_url)
    assert "PostgreSQL" in report
