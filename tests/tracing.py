# SPDX-License-Identifier: Apache-2.0
"""Switches the tracing of a RabbitMQ that a test uses."""

import urllib.parse

import pytest

from tests import real_servers


def control(command, url):
    """`trace_on` or `trace_off` on the virtual host of a URL; the test is skipped where that cannot be done."""
    try:
        real_servers.rabbitmqctl(command, "-p", virtual_host(url))
    except (real_servers.RabbitmqctlError, FileNotFoundError):
        pytest.skip("tracing cannot be switched without rabbitmqctl")


def virtual_host(url):
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path[1:]) or "/"
