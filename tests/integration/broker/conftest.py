# SPDX-License-Identifier: Apache-2.0
"""The two brokers that are compared."""

import urllib.parse

import pytest

pytest.register_assert_rewrite("tests.broker_comparison")

from tests.broker_comparison import Broker  # noqa: E402
from tests.broker_process import start_broker  # noqa: E402


@pytest.fixture(scope="module")
def brokers(rabbitmq_url, tmp_path_factory):
    """The embedded one and RabbitMQ, with a virtual host of this test module's own."""
    parts = urllib.parse.urlsplit(rabbitmq_url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        pytest.skip("compares with a RabbitMQ on this machine")
    vhost = urllib.parse.unquote(parts.path[1:])
    embedded = start_broker(tmp_path_factory.mktemp("broker"), vhosts=vhost)
    yield Broker(embedded.port, vhost), Broker(parts.port, vhost)
    embedded.stop()
