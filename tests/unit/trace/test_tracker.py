# SPDX-License-Identifier: Apache-2.0
"""What belongs to one message is brought together, whatever the order in which the broker tells of it."""

import pytest

from minova.trace import tracker
from minova.trace.events import DELIVERED, NOTED, PUBLISHED
from tests.unit.trace import wire

CAST = wire.cast("build_instances", "minova-api@box")


def call(**content):
    return wire.call("ping", "minova-api@box", "m1") | content


def test_a_delivery_completes_its_message():
    bus = wire.Wire()
    body = bus.publish(0, CAST)
    bus.deliver(0.5, body, "conductor")
    assert [event.what for event in bus.events] == [PUBLISHED, DELIVERED]
    assert bus.events[0].message.delivered == [
        {"queue": "conductor", "time": wire.BEGIN + 0.5, "process": ""}
    ]


def test_a_delivery_that_is_told_first_is_kept():
    bus = wire.Wire()
    bus.deliver(0.5, wire.envelope(CAST), "conductor")
    assert bus.events == []
    bus.publish(0, CAST)
    assert [event.what for event in bus.events] == [PUBLISHED, DELIVERED]


def test_a_message_that_is_published_again_is_one_of_its_own():
    bus = wire.Wire()
    bus.publish(0, CAST)
    body = bus.publish(1, CAST)
    bus.deliver(1.1, body, "conductor")
    first, second = bus.request().messages
    assert second.unique_id == f"{first.unique_id}#2"
    assert (len(first.delivered), len(second.delivered)) == (0, 1)


def test_a_message_without_an_id_gets_one():
    bus = wire.Wire()
    bus.publish(0, {"method": "a"})
    bus.publish(0, {"method": "b"})
    assert len({event.message.unique_id for event in bus.events} - {""}) == 2


def test_what_the_debugger_did_is_noted():
    bus = wire.Wire()
    body = bus.publish(0, CAST)
    bus.note(0.1, body, "held", "conductor")
    bus.note(0.2, body, "unheard-of", "conductor")
    assert bus.events[-1].what == NOTED
    assert bus.events[-1].facts["text"] == "held in conductor until it is let go"
    assert len(bus.events[0].message.notes) == 1


def test_a_message_that_was_corrupted_is_known_again():
    """Its delivery brought other bytes, and so it looked as if nobody had got it."""
    bus = wire.Wire()
    body = bus.publish(0, CAST)
    bus.publish(0, call())
    bus.note(0, body, "corrupted", "conductor")
    changed = b"\xf8\xf9" + body[2:-6] + b"\xff" * 6
    bus.note(0.1, changed, "held", "conductor")
    bus.deliver(0.5, changed, "conductor")
    assert [note["what"] for note in bus.events[0].message.notes] == ["corrupted", "held"]
    assert [delivery["queue"] for delivery in bus.events[0].message.delivered] == ["conductor"]


@pytest.mark.parametrize("changed_octets", [0, 9])
def test_another_message_is_not_taken_for_one_that_was_corrupted(changed_octets):
    bus = wire.Wire()
    body = bus.publish(0, CAST)
    bus.note(0, body, "corrupted", "conductor")
    other = bytes(changed_octets) + body[changed_octets:] + bytes(not changed_octets)
    bus.deliver(0.5, other, "conductor")
    assert bus.events[0].message.delivered == []


def test_a_message_that_no_queue_takes_is_lost():
    bus = wire.Wire()
    bus.publish(0, CAST, queues=[])
    assert [note["what"] for note in bus.events[0].message.notes] == ["unrouted"]


def test_a_reply_to_a_queue_that_is_gone_is_lost():
    bus = wire.Wire()
    bus.publish(0, call())
    body = bus.publish(1, wire.reply("m1"), "", "reply_1")
    bus.note(1, body, "unrouted", "reply_1")
    (note,) = bus.events[1].message.notes
    assert (note["what"], note["text"]) == ("unrouted", "there is no queue reply_1: nobody will get it")


def test_a_call_without_an_answer_times_out_once():
    bus = wire.Wire()
    bus.publish(0, call(), properties={"expiration": "2000"})
    bus.expire(1.9)
    bus.expire(3)
    bus.expire(4)
    assert [event.what for event in bus.events] == [PUBLISHED, NOTED]
    note = bus.events[1].facts
    assert (note["what"], note["time"], note["text"]) == (
        "timed_out",
        wire.BEGIN + 2,
        "timed out: no answer in 2 s",
    )
    assert bus.request().failed


def test_a_sign_of_life_moves_the_end_of_a_monitored_call():
    bus = wire.Wire()
    bus.publish(0, call(_timeout=2), properties={"expiration": "60000"})
    bus.publish(1.5, wire.reply("m1", ending=False), "", "reply_1")
    bus.expire(3)
    assert not bus.request().failed
    bus.expire(4)
    assert bus.events[-1].facts["text"] == "timed out: no sign of life for 2 s"


def test_an_answer_in_time_ends_the_waiting():
    bus = wire.Wire()
    bus.publish(0, call(_timeout=2), properties={"expiration": "60000"})
    bus.publish(1, wire.reply("m1"), "", "reply_1")
    bus.expire(100)
    assert not bus.request().failed


def test_limits_that_are_no_numbers_are_no_limits():
    bus = wire.Wire()
    bus.publish(0, call(_timeout="soon"), properties={"expiration": "nan"})
    bus.expire(1e6)
    assert [event.what for event in bus.events] == [PUBLISHED]


def test_large_messages_are_forgotten_sooner(monkeypatch):
    monkeypatch.setattr(tracker, "REMEMBERED_BYTES", 100_000)
    bus = wire.Wire()
    bodies = [bus.publish(0, wire.cast("report", "minova-compute@h", pad=c * 40_000)) for c in "abc"]
    for body in bodies:
        bus.deliver(1, body, "conductor")
    told = [event.message.body["args"]["pad"][0] for event in bus.events if event.what == DELIVERED]
    assert told == ["b", "c"]
