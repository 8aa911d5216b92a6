# SPDX-License-Identifier: Apache-2.0
"""As tests/functional/test_rolling_restart.py, on RabbitMQ."""

from tests.killable import KillableCloud
from tests.rolling import OPTIONS, restart_every_service_under_load


def test_every_service_is_restarted_under_load_and_nothing_is_lost(tmp_path, rabbitmq_url):
    with KillableCloud(tmp_path, options=OPTIONS, transport_url=rabbitmq_url) as cloud:
        restart_every_service_under_load(cloud)
