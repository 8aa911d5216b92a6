# SPDX-License-Identifier: Apache-2.0

import time

import pytest
from pamqp import commands

from minova.broker import dead_letter, message, method


def make_message(routing_key="k", exchange="x", body=b"", **values):
    header = message.encode_header(commands.Basic.Properties(**values), len(body))
    _, properties = message.decode_header(header)
    return message.Message(
        exchange, routing_key, method.encode_address(exchange, routing_key), header, body, properties
    )


def die(letter, *causes):
    for queue_name, reason in causes:
        letter = dead_letter.make(letter, queue_name, reason, "dlx")
    return letter


def deaths(letter):
    return [(death["queue"], death["reason"], death["count"]) for death in letter.decode_headers()["x-death"]]


def test_death_is_described():
    before = int(time.time())
    letter = dead_letter.make(
        make_message(headers={"k": 1, "CC": ["c"]}, expiration="5", priority=2),
        "q",
        dead_letter.EXPIRED,
        "dlx",
    )
    headers = letter.decode_headers()
    (death,) = headers.pop("x-death")
    assert before <= death.pop("time").timestamp() <= time.time()
    assert death == {
        "count": 1,
        "reason": "expired",
        "queue": "q",
        "exchange": "x",
        "routing-keys": ["k", "c"],
        "original-expiration": "5",
    }
    assert headers == {
        "k": 1,
        "CC": ["c"],
        "x-first-death-reason": "expired",
        "x-first-death-queue": "q",
        "x-first-death-exchange": "x",
    }
    assert letter.decode_properties().expiration is None
    assert letter.properties.expiration_seconds is None
    assert letter.properties.priority == 2
    assert (letter.exchange, letter.routing_keys) == ("dlx", ["k", "c"])


def test_other_routing_key_replaces_all():
    letter = dead_letter.make(make_message(headers={"CC": ["c"]}), "q", dead_letter.REJECTED, "dlx", "other")
    assert letter.routing_keys == ["other"]
    assert letter.address == method.encode_address("dlx", "other")
    assert "CC" not in letter.decode_headers()


def test_routing_key_longer_than_an_address_can_hold():
    letter = dead_letter.make(make_message(), "q", dead_letter.REJECTED, "dlx", "x" * 300)
    assert letter.address == method.encode_address("dlx", "x" * 255)


def test_deaths_of_one_cause_are_counted():
    letter = die(make_message(), *[("q", "expired"), ("q", "rejected"), ("q", "expired")])
    assert deaths(letter) == [("q", "expired", 2), ("q", "rejected", 1)]
    assert letter.decode_headers()["x-first-death-reason"] == "expired"


def test_later_death_keeps_the_first_one():
    letter = die(make_message(), ("a", "expired"), ("b", "maxlen"))
    headers = letter.decode_headers()
    assert headers["x-first-death-queue"] == "a"
    assert headers["x-death"][0]["exchange"] == "dlx"


@pytest.mark.parametrize("value", ["text", 5, None, [], ["no table", 7], [{"queue": 5}]])
def test_header_that_a_client_made_up(value):
    letter = die(make_message(headers={"x-death": value}), ("q", "expired"))
    assert deaths_of(letter)[0] == ("q", "expired")


def deaths_of(letter):
    return [(death.get("queue"), death.get("reason")) for death in letter.decode_headers()["x-death"]]


def declare(vhost, name, **arguments):
    return vhost.declare_queue(
        name,
        None,
        durable=False,
        exclusive=False,
        auto_delete=False,
        arguments={argument.replace("_", "-"): value for argument, value in arguments.items()},
    )


def publish(vhost, letter):
    vhost.publish(letter, vhost.default_exchange, None)


def test_two_hundred_queues_in_a_chain(in_loop):
    """Each queue gives up at once: as calls within calls this was deeper than Python's stack."""

    def steps(vhost):
        for number in range(200):
            declare(
                vhost,
                f"q{number}",
                x_message_ttl=0,
                x_dead_letter_exchange="",
                x_dead_letter_routing_key=f"q{number + 1}",
            )
        last = declare(vhost, "q200")
        publish(vhost, make_message("q0", ""))
        assert len(last) == 1

    in_loop(steps)


def test_cycle_without_a_rejection_ends(in_loop, caplog):
    def steps(vhost):
        for name, following in (("a", "b"), ("b", "a")):
            declare(
                vhost, name, x_message_ttl=0, x_dead_letter_exchange="", x_dead_letter_routing_key=following
            )
        publish(vhost, make_message("a", ""))
        publish(vhost, make_message("a", ""))
        assert not vhost.queues["a"]
        assert not vhost.queues["b"]
        assert caplog.text.count("cycle") == 1

    in_loop(steps)


def test_queue_can_be_its_own_dead_letter_exchange_for_rejected_messages(in_loop):
    def steps(vhost):
        queue = declare(vhost, "q", x_dead_letter_exchange="")
        publish(vhost, make_message("q", ""))
        for _ in range(3):
            queue.reject([queue.get(no_ack=False)])
        assert deaths(queue.get(no_ack=False).message) == [("q", "rejected", 3)]

    in_loop(steps)


def test_message_without_a_place_to_go_is_gone(in_loop):
    def steps(vhost):
        queue = declare(vhost, "q", x_dead_letter_exchange="nope")
        publish(vhost, make_message("q", ""))
        queue.reject([queue.get(no_ack=False)])
        assert (len(queue), queue.unacked_count, queue.message_bytes) == (0, 0, 0)

    in_loop(steps)
