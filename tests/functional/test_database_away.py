# SPDX-License-Identifier: Apache-2.0
"""An SQLite file that another process keeps locked for some seconds."""

import contextlib
import sqlite3
import time

import pytest

from tests.cloud import Cloud

_OPTIONS = {
    "DEFAULT": {"report_interval": 1},
    "api": {"database_timeout": 1},
    "task": {"deadline_seconds": 10, "sweep_interval": 0.3},
}


@pytest.fixture
def cloud(tmp_path):
    with Cloud(tmp_path, options=_OPTIONS) as cloud:
        cloud.start_all("--host", "host1")
        yield cloud


@contextlib.contextmanager
def _locked(cloud, mode="IMMEDIATE"):
    with contextlib.closing(
        sqlite3.connect(cloud.path / "state/minova.sqlite3", isolation_level=None)
    ) as other:
        other.execute(f"BEGIN {mode}")
        yield
        other.execute("ROLLBACK")


def test_while_the_records_are_locked_a_create_is_503_and_reading_goes_on(cloud):
    # It waited 30 s and then was a 500.
    body = {"server": {"name": "locked", "flavorRef": "1", "imageRef": cloud.image()}}
    with _locked(cloud):
        began = time.monotonic()
        status, answer = cloud.request("POST", "/v2.1/servers", body)
        seconds = time.monotonic() - began
        assert cloud.request("GET", "/v2.1/servers")[1] == {"servers": []}

    assert status == 503
    assert "database" in answer["serviceUnavailable"]["message"]
    assert 1 <= seconds < 5
    cloud.wait_for_status(cloud.boot("free again"), "ACTIVE")
    assert len(cloud.request("GET", "/v2.1/servers")[1]["servers"]) == 1


def test_a_boot_goes_on_when_the_lock_is_gone(cloud):
    uuid = cloud.boot(metadata={"minova:spawn_seconds": "1"})
    cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-STS:task_state"] == "spawning", "spawning", 90)
    with _locked(cloud):
        # Longer than the spawn: the report that it is active meets the lock.
        unlocked_at = time.monotonic() + 3
        cloud.wait_for(lambda: time.monotonic() > unlocked_at, "3 s to pass", 90)
        assert cloud.server(uuid)["status"] == "BUILD"

    cloud.wait_for_status(uuid, "ACTIVE", timeout_seconds=60)
