# SPDX-License-Identifier: Apache-2.0
"""Fixtures for `minova up` without the services."""

import pytest

from tests.unit.up.deployment_standins import Standins


@pytest.fixture
def standins(tmp_path):
    deployment = Standins(tmp_path)
    yield deployment
    deployment.close()
