# SPDX-License-Identifier: Apache-2.0
"""Scenarios that run on the embedded broker and on RabbitMQ, and must end alike.

A scenario is a function of (broker, channel); what it returns, or the error in it, is its outcome.
"""

import contextlib
import time

import amqp
import pytest

WAIT_SECONDS = 60


class Broker:
    """One of the two; makes connections and keeps them to be closed."""

    def __init__(self, port, vhost):
        self.port = port
        self.vhost = vhost
        self._connections = []

    def connect(self, **kwargs):
        connection = amqp.Connection(f"127.0.0.1:{self.port}", virtual_host=self.vhost, **kwargs)
        connection.connect()
        self._connections.append(connection)
        return connection

    def close(self):
        for connection in self._connections:
            with contextlib.suppress(amqp.AMQPError, OSError):
                connection.close()
        self._connections.clear()


def scenarios(names):
    """Return the scenarios among a module's global names, as pytest's parameters."""
    return [
        pytest.param(value, id=name)
        for name, value in names.items()
        if getattr(value, "__code__", None)
        and value.__code__.co_varnames[: value.__code__.co_argcount] == ("broker", "channel")
    ]


def assert_same_outcome(brokers, scenario):
    embedded, rabbitmq = (_outcome(broker, scenario) for broker in brokers)
    assert embedded == rabbitmq


def _outcome(broker, scenario):
    try:
        return scenario(broker, broker.connect().channel())
    except amqp.AMQPError as err:
        return type(err).__name__, err.reply_code, err.reply_text, err.method_name
    finally:
        broker.close()


def declare(channel, name="q", *, exclusive=True, auto_delete=False, **kwargs):
    return channel.queue_declare(name, exclusive=exclusive, auto_delete=auto_delete, **kwargs)


def publish(channel, body, key="q", exchange="", **kwargs):
    # Confirmed, because RabbitMQ counts a message only when its queue has it.
    channel.basic_publish_confirm(amqp.Message(body, **kwargs), exchange=exchange, routing_key=key)


def nack(channel, delivery_tag, multiple=False, requeue=False):
    """Basic.Nack, which py-amqp does not have."""
    channel.send_method((60, 120), "Lbb", (delivery_tag, multiple, requeue))


def consume(channel, received, queue="q", **kwargs):
    """Append what comes to `received`; acknowledged only if `no_ack`."""
    return channel.basic_consume(queue, callback=received.append, **kwargs)


def drain(channel, received, count):
    while len(received) < count:
        channel.connection.drain_events(timeout=WAIT_SECONDS)


def take(channel, queue="q", count=1):
    """Get that many messages, which may be on their way yet."""
    taken = []
    deadline = time.monotonic() + WAIT_SECONDS
    while len(taken) < count:
        assert time.monotonic() < deadline, f"{len(taken)} of {count} messages in {queue}"
        message = channel.basic_get(queue)
        taken += [message] if message is not None else []
    return taken


def bodies(messages):
    return [message.body for message in messages]


def await_count(channel, count, queue="q"):
    """Wait until that many messages are in a queue."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := channel.queue_declare(queue, passive=True).message_count) != count:
        assert time.monotonic() < deadline, f"{found} messages in {queue}"
        time.sleep(0.01)


def settle(channel):
    """Have an error that is on its way come: a synchronous method waits behind it."""
    channel.queue_declare("", exclusive=True)
