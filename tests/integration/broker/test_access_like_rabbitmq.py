# SPDX-License-Identifier: Apache-2.0
"""Permissions on the embedded broker and on RabbitMQ: one user, the same refusals."""

import json
import urllib.parse
import uuid

import amqp
import pytest

from tests import real_servers
from tests.broker_process import start_broker

# Names that begin with c, w and r may be configured, written and read.
PERMISSIONS = {"configure": "^c", "write": "^w|^amq\\.topic$", "read": "^r"}
DEAD_LETTERS = {"x-dead-letter-exchange": "other"}


def publish(exchange):
    def method(channel):
        channel.basic_publish_confirm(amqp.Message("x"), exchange=exchange, routing_key="k")

    return method


METHODS = {
    "declare a queue": lambda channel: channel.queue_declare("q"),
    "declare a queue without a name": lambda channel: channel.queue_declare("", exclusive=True).queue[:0],
    "declare a queue of its own": lambda channel: channel.queue_declare("c", exclusive=True),
    "ask for a queue": lambda channel: channel.queue_declare("q", passive=True),
    "declare a queue with dead letters": lambda channel: channel.queue_declare("c", arguments=DEAD_LETTERS),
    "delete a queue": lambda channel: channel.queue_delete("q"),
    "purge a queue": lambda channel: channel.queue_purge("q"),
    "purge a queue that it may read": lambda channel: channel.queue_purge("r"),
    "get": lambda channel: channel.basic_get("q"),
    "get from a queue that it may read": lambda channel: channel.basic_get("r"),
    "consume": lambda channel: channel.basic_consume("q"),
    "get without having declared": lambda channel: channel.basic_get(""),
    "declare an exchange": lambda channel: channel.exchange_declare("x", "direct"),
    "declare an exchange of its own": lambda channel: channel.exchange_declare("c.own", "direct"),
    "declare the default exchange": lambda channel: channel.exchange_declare("", "direct"),
    "ask for an exchange": lambda channel: channel.exchange_declare("x", "direct", passive=True),
    "declare an exchange with an alternate": lambda channel: channel.exchange_declare(
        "c", "direct", arguments={"alternate-exchange": "other"}
    ),
    "delete an exchange": lambda channel: channel.exchange_delete("x"),
    "bind a queue": lambda channel: channel.queue_bind("q", "x", "k"),
    "bind a queue that it may write": lambda channel: channel.queue_bind("w", "x", "k"),
    "bind a queue to an exchange that it may read": lambda channel: channel.queue_bind("w", "r", "k"),
    "bind to the default exchange": lambda channel: channel.queue_bind("w", "", "k"),
    "unbind a queue": lambda channel: channel.queue_unbind("q", "x", "k"),
    "bind an exchange": lambda channel: channel.exchange_bind("x", "y", "k"),
    "bind an exchange that it may write": lambda channel: channel.exchange_bind("w", "y", "k"),
    "bind exchanges that it may": lambda channel: channel.exchange_bind("w", "r", "k"),
    "unbind an exchange": lambda channel: channel.exchange_unbind("x", "y", "k"),
    "publish": publish("x"),
    "publish to the default exchange": publish(""),
    "publish to an exchange that it may write": publish("amq.topic"),
    "publish to one that is not there": publish("w"),
}


class Place:
    """One of the two brokers, and the two vhosts of the test on it."""

    def __init__(self, port, vhost, other_vhost):
        self.port = port
        self.vhost = vhost
        self.other_vhost = other_vhost

    def connect(self, user, password="secret", vhost=None):
        address = f"127.0.0.1:{self.port}"
        connection = amqp.Connection(
            address, userid=user, password=password, virtual_host=vhost or self.vhost, confirm_publish=True
        )
        connection.connect()
        return connection


@pytest.fixture(scope="module")
def user():
    return f"minova-test-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def rabbitmq(rabbitmq_url, user):
    parts = urllib.parse.urlsplit(rabbitmq_url)
    vhost = urllib.parse.unquote(parts.path[1:])
    try:
        real_servers.rabbitmqctl("add_user", user, "secret")
    except (real_servers.RabbitmqctlError, FileNotFoundError) as err:
        pytest.skip(f"cannot make a user on RabbitMQ: {err}")
    try:
        real_servers.rabbitmqctl("set_permissions", "-p", vhost, user, *PERMISSIONS.values())
        yield Place(parts.port, vhost, "/")
    finally:
        real_servers.rabbitmqctl("delete_user", user)


@pytest.fixture(scope="module")
def embedded(rabbitmq, user, tmp_path_factory):
    path = tmp_path_factory.mktemp("broker")
    definitions = {
        "vhosts": [{"name": rabbitmq.vhost}, {"name": "/"}],
        "users": [{"name": user, "password": "secret", "tags": []}],
        "permissions": [{"user": user, "vhost": rabbitmq.vhost} | PERMISSIONS],
    }
    (path / "definitions.json").write_text(json.dumps(definitions))
    broker = start_broker(path, definitions_file=path / "definitions.json")
    yield Place(broker.port, rabbitmq.vhost, "/")
    broker.stop()


def outcome(place, user, method):
    with place.connect(user) as connection:
        try:
            return method(connection.channel())
        except amqp.AMQPError as err:
            # What the broker chose for a queue's name differs each time.
            text = err.reply_text.partition("amq.gen-")[0]
            return type(err).__name__, err.reply_code, text, err.method_name


@pytest.mark.parametrize("name", METHODS)
def test_method_is_allowed_or_refused_alike(embedded, rabbitmq, user, name):
    assert outcome(embedded, user, METHODS[name]) == outcome(rabbitmq, user, METHODS[name])


@pytest.mark.parametrize(
    ("password", "vhost"), [("wrong", None), ("", None), ("secret", "/"), ("secret", "no-such-vhost")]
)
def test_login_is_refused_alike(embedded, rabbitmq, user, password, vhost):
    refusals = []
    for place in (embedded, rabbitmq):
        with pytest.raises(amqp.AMQPError) as caught:
            place.connect(user, password, vhost)
        refusals.append((caught.value.reply_code, caught.value.reply_text, caught.value.method_name))
    assert refusals[0] == refusals[1]


def test_guest_is_not_there_when_the_definitions_do_not_name_it(embedded):
    with pytest.raises(amqp.AccessRefused):
        embedded.connect("guest", "guest")
