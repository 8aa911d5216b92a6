# SPDX-License-Identifier: Apache-2.0
"""minova on a durable broker: a cast that waits in a queue outlives the broker's process."""

import contextlib

import amqp
import pytest

from tests.broker_process import start_broker
from tests.cloud import Cloud

_SECONDS = 60


@pytest.fixture
def broker(tmp_path):
    broker = start_broker(tmp_path, durable=True, durable_file=tmp_path / "broker.sqlite")
    yield broker
    broker.stop()


def waiting(broker, queue):
    """How many messages wait in a queue."""
    with contextlib.closing(amqp.Connection(f"127.0.0.1:{broker.port}")) as connection:
        connection.connect()
        return connection.channel().queue_declare(queue, passive=True).message_count


def test_a_boot_goes_on_after_a_kill_of_the_broker_with_its_cast_inside(broker, tmp_path):
    options = {
        "oslo_messaging_rabbit": {"amqp_durable_queues": True},
        # No conductor takes the task over: it is the message that survives.
        "task": {"sweep_interval": 3600},
    }
    with Cloud(tmp_path, transport_url=broker.url, options=options) as cloud:
        compute = cloud.start_all("--hosts", "1")["compute"]
        compute.kill()
        uuid = cloud.boot()
        host = cloud.wait_for(lambda: cloud.server(uuid)["OS-EXT-SRV-ATTR:host"], "a host", _SECONDS)
        queue = f"compute.{host}"
        cloud.wait_for(lambda: waiting(broker, queue), "the cast in the queue", _SECONDS)

        broker.kill()
        broker.start()

        assert waiting(broker, queue) >= 1
        compute.start()
        cloud.wait_for_status(uuid, "ACTIVE", _SECONDS)
