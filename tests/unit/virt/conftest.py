# SPDX-License-Identifier: Apache-2.0
"""Fixtures: simulated hypervisors on a store of their own."""

import pytest

from minova.virt.fake import FakeDriver
from tests.unit.virt.hypervisor_fakes import new_conf


@pytest.fixture
def state_path(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def new_driver(state_path):
    """Make drivers on one store, each as another process would."""
    drivers = []

    def make(**options):
        drivers.append(FakeDriver(new_conf(state_path, **options)))
        drivers[-1].init_host("host1")
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()
