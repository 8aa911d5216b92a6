# SPDX-License-Identifier: Apache-2.0
"""What the counters say after a client's work, in the terms of RabbitMQ's management API."""

import asyncio

from pamqp import commands
from pamqp import header as pamqp_header

from minova.broker import frame
from minova.broker.server import Server, Settings
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, Client, marshal


def publish(routing_key, mandatory=False):
    return marshal(
        1,
        commands.Basic.Publish(0, "", routing_key, mandatory),
        pamqp_header.ContentHeader(0, 5, commands.Basic.Properties()),
    ) + frame.encode(frame.BODY, 1, b"hello")


def work(*steps):
    """Return the server and its client's connection after these octets; the connection stays open."""
    server = Server(Settings())

    async def main():
        client = Client(server)
        client.send(HANDSHAKE + CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, "q")))
        for step in steps:
            client.send(step)
        return client.connection

    return server, asyncio.run(main())


def only(stats):
    """The counts that are not 0."""
    return {name: count for name, count in stats.counts().items() if count}


def test_published_messages_are_counted_by_what_became_of_them():
    server, connection = work(
        marshal(1, commands.Confirm.Select()), publish("q"), publish("nobody"), publish("nobody", True)
    )
    vhost = server.vhosts["/"]
    assert only(connection.channels[0].stats) == {
        "publish": 3,
        "confirm": 3,
        "drop_unroutable": 1,
        "return_unroutable": 1,
    }
    assert only(vhost.queues["q"].stats) == {"publish": 1}
    assert (vhost.default_exchange.publish_in, vhost.default_exchange.publish_out) == (3, 1)


def test_deliveries_and_acknowledgements_are_counted():
    server, connection = work(
        publish("q") * 2,
        marshal(1, commands.Basic.Get(0, "q")),
        marshal(1, commands.Basic.Reject(1, True)),
        marshal(1, commands.Basic.Consume(0, "q", "tag")),
        marshal(1, commands.Basic.Ack(2)),
    )
    queue = server.vhosts["/"].queues["q"]
    expected = {"deliver": 2, "get": 1, "redeliver": 1, "ack": 1, "deliver_get": 3}
    assert only(queue.stats) == {"publish": 2} | expected
    assert only(connection.channels[0].stats) == {"publish": 2} | expected
    assert queue.unacked_count == connection.channels[0].unacked_count == 1


def test_messages_that_need_no_acknowledgement_are_counted_apart():
    server, _ = work(
        marshal(1, commands.Basic.Get(0, "q", True)),
        publish("q"),
        marshal(1, commands.Basic.Get(0, "q", True)),
        marshal(1, commands.Basic.Consume(0, "q", "tag", no_ack=True)),
        publish("q"),
    )
    queue = server.vhosts["/"].queues["q"]
    assert only(queue.stats) == {
        "publish": 2,
        "get_empty": 1,
        "get_no_ack": 1,
        "deliver_no_ack": 1,
        "deliver_get": 2,
    }
    assert queue.unacked_count == 0


def test_a_closed_channel_leaves_its_counts_to_its_vhost():
    server, connection = work(publish("q"), marshal(1, commands.Channel.Close(200, "", 0, 0)))
    assert connection.channels == []
    assert only(server.vhosts["/"].stats) == {"publish": 1}


def test_comings_and_goings_are_counted():
    server, connection = work(
        marshal(1, commands.Queue.Declare(0, "q")), marshal(1, commands.Queue.Delete(0, "q"))
    )
    connection.connection_lost(None)
    assert only(server.churn) == {
        "connection_created": 1,
        "connection_closed": 1,
        "channel_created": 1,
        "channel_closed": 1,
    }
    assert only(server.vhosts["/"].churn) == {"queue_declared": 2, "queue_created": 1, "queue_deleted": 1}


def test_octets_of_a_connection_are_counted():
    server, connection = work()
    declare = CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, "q"))
    assert connection.received_octets == len(HANDSHAKE + declare)
    assert connection.sent_octets > 0
    assert connection.client_properties["capabilities"]["consumer_cancel_notify"] is True
    assert connection.auth_mechanism == "PLAIN"
    assert connection.is_open
