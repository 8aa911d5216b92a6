# SPDX-License-Identifier: Apache-2.0
"""Fixtures: simulated hypervisors for the work of a compute."""

import pytest

from minova.virt.fake import FakeDriver
from tests.unit.virt.hypervisor_fakes import new_conf


@pytest.fixture
def driver(tmp_path):
    driver = FakeDriver(new_conf(tmp_path / "state"))
    yield driver
    driver.close()
