# SPDX-License-Identifier: Apache-2.0
"""What the errors of a client say: method, topic, server and seconds."""

import amqp.exceptions
import kombu.exceptions
import oslo_messaging as messaging
import pytest

from minova import rpc_client


class FailingClient:
    """An RPC client of oslo.messaging's form whose messages end in ``error``: all, or the first ``times``."""

    target = messaging.Target(topic="compute")

    def __init__(self, error, times=None):
        self._error = error
        self._times = times
        self.sent = []

    def prepare(self, **arguments):
        self._prepared = arguments
        return self

    def call(self, _context, _method, **_arguments):
        self.sent.append(self._prepared)
        if self._times is None or len(self.sent) <= self._times:
            raise self._error
        return "answer"

    cast = call


_NO_QUEUE = messaging.MessageUndeliverable(None, "minova", "compute", None)


def test_a_call_without_an_answer_says_of_whom_what_was_asked_and_for_how_long():
    client = rpc_client.Client(FailingClient(messaging.MessagingTimeout("message ID 1")), 0).prepare(
        server="host1", timeout=20, call_monitor_timeout=5
    )

    with pytest.raises(messaging.MessagingTimeout) as raised:
        client.call(None, "get_console_output")

    assert str(raised.value) == (
        "get_console_output to topic compute, server host1, got no answer and no sign of life for 5 s (of 20 s in all)"
    )


def test_a_call_that_is_not_monitored_says_for_how_long_it_was_waited_for():
    client = rpc_client.Client(FailingClient(messaging.MessagingTimeout("message ID 1")), 0).prepare(
        timeout=2.5
    )

    with pytest.raises(messaging.MessagingTimeout, match=r"^ping to topic compute got no answer in 2.5 s$"):
        client.call(None, "ping")


def test_a_call_for_which_nobody_chose_a_timeout_is_not_sent():
    with pytest.raises(KeyError):
        rpc_client.Client(FailingClient(None), 0).call(None, "ping")


@pytest.mark.parametrize("send", ["call", "cast"])
def test_a_message_that_the_broker_does_not_take_says_which_it_was(send):
    client = rpc_client.Client(FailingClient(messaging.MessageDeliveryFailure("refused")), 0).prepare(
        timeout=1
    )

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
    client = rpc_client.Client(FailingClient(error), 0).prepare(timeout=1)

    with pytest.raises(messaging.MessageDeliveryFailure, match="^stop to topic compute could not be sent: "):
        getattr(client, send)(None, "stop")


@pytest.mark.parametrize("send", ["call", "cast"])
def test_a_message_without_a_queue_is_sent_again_until_there_is_one(send):
    # After a restart of the broker the API was back before the conductor: what it cast was dropped, without a word.
    stock = FailingClient(_NO_QUEUE, times=3)

    getattr(rpc_client.Client(stock, 60).prepare(timeout=60), send)(None, "stop")

    assert len(stock.sent) == 4
    assert all(each["transport_options"].at_least_once for each in stock.sent)


@pytest.mark.parametrize(
    ("send", "patience_seconds", "timeout_seconds"), [("call", 60, 0.2), ("cast", 0.2, 60)]
)
def test_a_message_that_finds_no_queue_in_time_says_so(send, patience_seconds, timeout_seconds):
    stock = FailingClient(_NO_QUEUE)
    client = rpc_client.Client(stock, patience_seconds).prepare(server="host1", timeout=timeout_seconds)

    with pytest.raises(
        rpc_client.NobodyListens,
        match="^stop to topic compute, server host1, could not be sent: nobody listens there$",
    ):
        getattr(client, send)(None, "stop")

    assert len(stock.sent) > 1


def test_a_message_that_may_be_lost_is_not_mandatory():
    stock = FailingClient(None, times=0)

    rpc_client.Client(stock, 0).prepare(transport_options=rpc_client.MAY_BE_LOST).cast(None, "report")

    assert not stock.sent[0]["transport_options"].at_least_once
