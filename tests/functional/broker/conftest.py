# SPDX-License-Identifier: Apache-2.0
"""One broker process for all tests of a module; tests that stop it start their own."""

import pytest

from tests.broker_process import start_broker


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    process = start_broker(tmp_path_factory.mktemp("broker"))
    yield process
    process.stop()
