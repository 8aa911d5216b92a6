# SPDX-License-Identifier: Apache-2.0
"""What `minova up` asks of a broker that it did not start."""

import pytest

from minova.up import errors, external_broker

_QUORUM = {"rabbit_quorum_queue": "true", "rabbit_transient_quorum_queue": "true"}


@pytest.mark.parametrize(
    ("product", "version", "options"),
    [
        ("RabbitMQ", "3.10.8", {}),
        ("RabbitMQ", "4.2.1", {}),
        ("RabbitMQ", "4.3.0", _QUORUM),
        ("RabbitMQ", "4.3.6-rc.1", _QUORUM),
        ("RabbitMQ", "5.0.0", _QUORUM),
        ("RabbitMQ", "unknown", {}),
        ("minova-broker", "4.3.0", {}),
    ],
)
def test_a_rabbitmq_that_refuses_transient_queues_gets_quorum_queues(product, version, options):
    assert external_broker.options_for({"product": product, "version": version}) == options


def test_a_transport_that_is_not_amqp_is_refused():
    """It once ended `minova up` with a traceback that spoke of tracing."""
    with pytest.raises(errors.UpError, match="begins with kafka: where rabbit:// is needed"):
        external_broker.rabbit_options("kafka://127.0.0.1:5672/")
