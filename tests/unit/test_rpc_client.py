# SPDX-License-Identifier: Apache-2.0
"""What the errors of a client say: method, topic, server and seconds."""

import amqp.exceptions
import kombu.exceptions
import oslo_messaging as messaging
import pytest

from minova import rpc_client


class FailingClient:
    """An RPC client of oslo.messaging's form whose every message ends in ``error``."""

    target = messaging.Target(topic="compute")

    def __init__(self, error):
        self._error = error

    def prepare(self, **_arguments):
        return self

    def call(self, _context, _method, **_arguments):
        raise self._error

    cast = call


def test_a_call_without_an_answer_says_of_whom_what_was_asked_and_for_how_long():
    client = rpc_client.Client(FailingClient(messaging.MessagingTimeout("message ID 1"))).prepare(
        server="host1", timeout=20, call_monitor_timeout=5
    )

    with pytest.raises(messaging.MessagingTimeout) as raised:
        client.call(None, "get_console_output")

    assert str(raised.value) == (
        "get_console_output to topic compute, server host1, got no answer and no sign of life for 5 s (of 20 s in all)"
    )


def test_a_call_that_is_not_monitored_says_for_how_long_it_was_waited_for():
    client = rpc_client.Client(FailingClient(messaging.MessagingTimeout("message ID 1"))).prepare(timeout=2.5)

    with pytest.raises(messaging.MessagingTimeout, match=r"^ping to topic compute got no answer in 2.5 s$"):
        client.call(None, "ping")


def test_a_call_for_which_nobody_chose_a_timeout_is_not_sent():
    with pytest.raises(KeyError):
        rpc_client.Client(FailingClient(None)).call(None, "ping")


@pytest.mark.parametrize("send", ["call", "cast"])
def test_a_message_that_the_broker_does_not_take_says_which_it_was(send):
    client = rpc_client.Client(FailingClient(messaging.MessageDeliveryFailure("refused"))).prepare(timeout=1)

    with pytest.raises(
        messaging.MessageDeliveryFailure, match="^stop to topic compute could not be sent: refused$"
    ):
        getattr(client, send)(None, "stop")


@pytest.mark.parametrize("send", ["call", "cast"])
@pytest.mark.parametrize(
    "error",
    [
        kombu.exceptions.OperationalError("refused"),
        amqp.exceptions.RecoverableConnectionError("refused"),
        ConnectionResetError("refused"),
    ],
)
def test_a_connection_that_cannot_be_made_is_a_message_that_is_not_sent(send, error):
    # The broker was being started again when a server was deleted. The driver had no connection left in its pool and
    # could not make one, which it tells by the errors of the libraries below it: the API answered 500.
    client = rpc_client.Client(FailingClient(error)).prepare(timeout=1)

    with pytest.raises(messaging.MessageDeliveryFailure, match="^stop to topic compute could not be sent: "):
        getattr(client, send)(None, "stop")
