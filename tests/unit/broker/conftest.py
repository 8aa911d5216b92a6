# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a virtual host without connections."""

import asyncio

import pytest

from minova.broker.memory import Memory
from minova.broker.server import Settings
from minova.broker.vhost import Vhost


@pytest.fixture
def in_loop():
    """Run a test's steps on a virtual host, where queues can keep time."""

    def run(steps):
        async def main():
            steps(Vhost("/", Settings(), Memory(2**30)))

        asyncio.run(main())

    return run
