# SPDX-License-Identifier: Apache-2.0
"""minova-manage decision show: from the scheduler's record to the terminal."""

import argparse

import pytest

from minova import exception
from minova.db import engine, migration
from minova.manage import decision
from minova.scheduler import manager
from tests.unit.scheduler.builders import add_host, add_instances, new_request, select_destinations


@pytest.fixture
def database(conf, tmp_path):
    """What the command finds."""
    conf.config(state_path=str(tmp_path))
    database = engine.Database()
    migration.sync(database)
    yield database
    database.dispose()


def test_a_decision_is_shown(database, capsys):
    add_host(database, "host1")
    (uuid,) = add_instances(database)
    select_destinations(manager.SchedulerManager(None, database), new_request([uuid]))

    decision.show(argparse.Namespace(instance_uuid=uuid))

    shown = capsys.readouterr().out
    assert shown.startswith("attempt 1, ")
    assert "claimed host1, alternates none\n  hosts considered: 1\n" in shown


def test_an_instance_without_decision_is_told(database):
    with pytest.raises(exception.NotFound, match="No decision about instance nobody is kept"):
        decision.show(argparse.Namespace(instance_uuid="nobody"))
