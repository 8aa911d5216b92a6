# SPDX-License-Identifier: Apache-2.0
"""/api/topology: what the management API tells, and what to do where there is none."""

import pytest

from minova.page.topology import Topology
from tests.unit.page.fakes import Clock


def fill(management):
    management.rows = {
        "exchanges": [{"name": "minova", "type": "topic", "durable": False, "message_stats": {}}],
        "queues": [
            {
                "name": "conductor",
                "messages": 3,
                "messages_ready": 2,
                "messages_unacknowledged": 1,
                "consumers": 1,
            },
            # RabbitMQ has not counted a queue yet that was just declared.
            {"name": "new"},
        ],
        "bindings": [
            {
                "source": "minova",
                "destination": "conductor",
                "destination_type": "queue",
                "routing_key": "conductor",
            }
        ],
        "connections": [
            {
                "name": "a -> b",
                "user": "guest",
                "client_properties": {"connection_name": "minova-conductor:1:x"},
            }
        ],
        "consumers": [
            {
                "queue": {"name": "conductor"},
                "channel_details": {"connection_name": "a -> b"},
                "prefetch_count": 16,
            }
        ],
    }


def test_what_the_management_api_tells_is_shown(client, page):
    fill(page.management)
    shown = client.get("/api/topology").json
    assert (shown["source"], shown["reason"]) == ("management", None)
    assert shown["exchanges"][0]["name"] == "minova"
    assert [(q["name"], q["messages"], q["consumers"]) for q in shown["queues"]] == [
        ("conductor", 3, 1),
        ("new", 0, 0),
    ]
    assert shown["bindings"][0]["routing_key"] == "conductor"
    assert shown["connections"][0]["client"] == "minova-conductor:1:x"
    assert (shown["consumers"][0]["queue"], shown["consumers"][0]["connection"]) == ("conductor", "a -> b")


def test_several_pages_ask_the_broker_once_a_second(page):
    fill(page.management)
    clock = Clock()
    topology = Topology(page.management, list, clock)
    topology.read(), topology.read()
    assert page.management.asked == 5
    clock.now += 1.1
    topology.read()
    assert page.management.asked == 10


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (None, "rabbitmq-plugins enable rabbitmq_management"),
        (404, "rabbitmq-plugins enable rabbitmq_management"),
        (401, "rabbitmqctl set_user_tags guest monitoring"),
    ],
)
def test_without_a_management_api_it_says_what_to_type(client, page, status, advice):
    page.management.refuse(status)
    shown = by_amqp_alone(page.management)
    assert advice in shown["reason"]
    assert [queue["name"] for queue in shown["queues"]] == ["conductor"]


def by_amqp_alone(management):
    asked = []

    def ask(address, names):
        asked.append((address, names))
        return {"source": "amqp", "queues": [{"name": name} for name in names]}

    shown = Topology(management, lambda: ["conductor"], by_amqp=ask).read()
    assert asked == [(management.address, ["conductor"])]
    return shown


def test_without_a_broker_nothing_is_shown_and_why(client, page):
    page.management.refuse(None)
    shown = client.get("/api/topology").json
    assert (shown["source"], shown["queues"]) == (None, [])
    assert shown["reason"].startswith("The broker cannot be asked (")
