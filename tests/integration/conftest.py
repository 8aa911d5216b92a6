# SPDX-License-Identifier: Apache-2.0
"""Fixtures of several integration tests."""

import pytest

from tests.conftest import missing
from tests.private_database import PrivateMariadb, PrivatePostgresql


@pytest.fixture(scope="module", params=[PrivatePostgresql, PrivateMariadb], ids=["postgresql", "mariadb"])
def server(request):
    """A database server of the module's own; skipped where it is not installed."""
    if request.param.missing():
        missing(f"{request.param.__name__}: {request.param.missing()}")
    with request.param() as server:
        yield server
