# SPDX-License-Identifier: Apache-2.0
"""The page's application with fakes behind it."""

import os

import pytest

from minova.page import app
from minova.up import record
from tests.unit.page import fakes


@pytest.fixture
def page():
    return fakes.FakePage()


@pytest.fixture
def client(conf, page, tmp_path):
    """Asks the application as a browser on this machine does."""
    conf.config(state_path=str(tmp_path))
    return app.create_app(page.sources(tmp_path)).test_client()


@pytest.fixture
def managed(tmp_path, monkeypatch):
    """The record of a `minova up` that runs: this process stands in for it."""
    monkeypatch.setattr(record.Record, "alive", property(lambda _: True))
    found = record.Record(os.getpid(), 1000.0, str(tmp_path), "http://api", "rabbit://", True, 3)
    found.processes = {"broker": 11, "db sync": 12, "conductor-1": 13, "conductor-2": 14, "page": 15}
    found.ended = {"conductor-2": {"outcome": "signal SIGKILL", "restart_at": None, "by_user": False}}
    record.save(found)
    return found
