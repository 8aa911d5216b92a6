# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the real servers, and the lines that say which were used; see real_servers.py for the settings."""

import contextlib
import os
import signal

import hypothesis
import pytest

import minova  # noqa: F401 - before any test imports oslo.messaging: it keeps eventlet out
from tests import real_servers

_SERVERS = pytest.StashKey()

# The same inputs at every run, and no limits of time or size: neither luck nor a busy machine shall fail a test.
# Other inputs are for `python -m tests.fuzz`.
hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser):
    parser.addoption(
        "--slow", action="store_true", help="ten minutes of storms (tests/integration/test_chaos.py), not one"
    )


def pytest_configure(config):
    # A shell that runs this in the background has it ignore Ctrl-C, and so all that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_SERVERS] = {
        "rabbitmq": real_servers.find_rabbitmq(),
        "postgresql": real_servers.find_postgresql(),
        "mysql": real_servers.find_mysql(),
    }


def pytest_report_header(config):
    return _summary(config)


def pytest_terminal_summary(terminalreporter, config):
    # Again where the header scrolled away, or was switched off by --quiet.
    terminalreporter.write_line(_summary(config))


@pytest.fixture(scope="module")
def rabbitmq_url(request):
    """A virtual host of the real RabbitMQ that is this test module's own."""
    server = _required(request.config, "rabbitmq")
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(real_servers.own_virtual_host(server))
        except real_servers.RabbitmqctlError as err:
            missing(f"RabbitMQ cannot be used: {err}")
        yield url


@pytest.fixture(scope="module")
def postgresql_url(request):
    """An empty database of the real PostgreSQL that is this test module's own."""
    server = _required(request.config, "postgresql")
    with real_servers.own_database(server, real_servers.connect_postgresql) as url:
        yield url


@pytest.fixture(scope="module")
def mysql_url(request):
    """An empty database of the real MariaDB or MySQL that is this test module's own."""
    server = _required(request.config, "mysql")
    with real_servers.own_database(server, real_servers.connect_mysql) as url:
        yield url


def _required(config, kind):
    server = config.stash[_SERVERS][kind]
    if not server.version:
        missing(server.line)
    return server


def missing(reason):
    """End the test: skipped here, failed where CI=true says that no server may be missing."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


def _summary(config):
    return f"real servers: {', '.join(server.line for server in config.stash[_SERVERS].values())}"
