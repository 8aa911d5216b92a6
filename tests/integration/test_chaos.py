# SPDX-License-Identifier: Apache-2.0
"""Storms, as `minova chaos` makes them: a minute in all, or ten with `scripts/test --slow`."""

import os
import signal
import subprocess
import sys
import time

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


@pytest.fixture
def endless(tmp_path):
    """A storm of an hour, with some of it done."""
    output = tmp_path / "out"
    command = [
        MINOVA,
        "chaos",
        "--minutes",
        "60",
        "--fault-interval",
        "1",
        "--state-path",
        str(tmp_path / "storm"),
    ]
    with output.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "kill -9" in output.read_text() and " stop " in output.read_text())
        process.output = output
        yield process
    finally:
        process.kill()
        process.wait()
        wait_until(lambda: not processes_of(tmp_path))


def wait_until(condition, timeout_seconds=120):
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.1)


def processes_of(path):
    table = subprocess.run(["ps", "-axwwo", "state=,args="], capture_output=True, text=True).stdout
    return [row for row in table.splitlines() if str(path) in row and not row.startswith("Z")]


@pytest.mark.timeout(400)
def test_ctrl_c_ends_all_and_says_what_was_done(endless, tmp_path):
    endless.send_signal(signal.SIGINT)
    assert endless.wait(timeout=150) == 130
    assert not processes_of(tmp_path)
    text = endless.output.read_text()
    assert "started again" in text
    assert "Files and logs are kept in" in text


@pytest.mark.timeout(400)
def test_a_killed_storm_leaves_nothing_behind(endless, tmp_path):
    assert processes_of(tmp_path)
    endless.kill()
    endless.wait()
    wait_until(lambda: not processes_of(tmp_path))
