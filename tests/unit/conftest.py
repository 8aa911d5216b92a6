# SPDX-License-Identifier: Apache-2.0
"""What the unit tests of all parts share."""

import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from tests import records


@pytest.fixture
def conf():
    """The global configuration at its defaults; whatever a test overrides is undone."""
    fixture = config_fixture.Config(minova.conf.CONF)
    fixture.setUp()
    fixture.conf([], project="minova", default_config_files=[])
    yield fixture
    fixture.cleanUp()


@pytest.fixture
def database(conf, tmp_path):
    """An SQLite file with all tables and no rows."""
    database = records.make_database(tmp_path)
    yield database
    database.dispose()
