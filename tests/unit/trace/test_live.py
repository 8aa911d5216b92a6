# SPDX-License-Identifier: Apache-2.0
"""The live views show each message once, request by request, and say what they could not show."""

import json
import math
import threading

import pytest

from minova.trace import live, text
from minova.trace.buffer import Buffer
from minova.trace.filters import Filter
from minova.trace.firehose import TraceError
from minova.trace.store import Store
from tests.unit.trace import wire

TERMINATE = wire.cast("terminate_instance", "minova-api@box", "req-2", instance=wire.INSTANCE)


def shown(events, wanted=None, width=80, batch=1000):
    lines = []
    view = live.TextView(wanted or Filter(), lambda: width, lines.append)
    for begin in range(0, len(events), batch):
        view.show(events[begin : begin + batch])
    return lines


def objects(events, wanted=None):
    lines = []
    view = live.JsonView(wanted or Filter(), lines.append)
    view.show(events)
    view.close()
    return list(map(json.loads, lines))


def arrows(lines):
    return [
        line for line in lines if any(f"─{kind}─" in line for kind in ("call", "cast", "fanout", "reply"))
    ]


def interleaved():
    """Two requests, message by message in turn."""
    bus = wire.Wire()
    for number in range(3):
        for request in ("req-a", "req-b"):
            bus.send(number, wire.cast(f"m{number}", "minova-api@box", request))
    return bus.events


def test_a_boot_as_it_is_shown_in_80_columns():
    assert shown(wire.boot(wire.Wire()).events)[:8] == [
        "boot of web-1   req-1",
        "         api              conductor           scheduler         compute.host1",
        "          │                   │                   │                   │",
        "          │ build_instances  297 B  minova → conductor                │",
        "   0.000  ├───────cast───────▶│                   │                   │",
        "          │                   │ select_destinations  299 B  minova → scheduler",
        "   0.010  │                   ├───────call───────▶│                   │",
        "          │                   │ select_destinations  153 B  → reply_1 │",
    ]


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_is_wider_than_the_terminal(width):
    bus = wire.boot(wire.Wire())
    for number in range(12):
        bus.send(
            2, wire.cast("a_method_of_a_very_long_name" * 3, f"minova-compute@host{number}"), key="x" * number
        )
    lines = shown(bus.events, width=width)
    assert max(map(len, lines)) <= width
    assert len(lines) >= 18


def test_a_terminal_that_is_made_narrower_is_kept_to():
    """The trace went on in the width that it had begun with."""
    lines, widths = [], iter([132, 60])
    view = live.TextView(Filter(), lambda: next(widths), lines.append)
    bus = wire.boot(wire.Wire())
    view.show(bus.events[:4])
    del lines[:]
    view.show(bus.events[4:])
    assert lines[1].startswith("boot of web-1")
    assert max(map(len, lines)) <= 60


def test_what_comes_together_is_grouped_by_request():
    lines = shown(interleaved())
    assert [line for line in lines if "req-" in line] == ["m0   req-a", "m0   req-b"]
    assert len(arrows(lines)) == 6


def test_what_comes_one_by_one_is_shown_at_once():
    lines = shown(interleaved(), batch=2)
    assert len([line for line in lines if "req-" in line]) == 6
    assert len(arrows(lines)) == 6


def test_what_happens_to_a_message_has_its_line():
    bus = wire.Wire()
    body = bus.publish(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "1000"})
    bus.note(0.1, body, "held", "conductor")
    bus.expire(5)
    assert shown(bus.events)[-2:] == [
        "   0.100 ! ping: held in conductor until it is let go",
        "   1.000 ! ping: timed out: no answer in 1 s",
    ]


def test_a_reply_that_finds_no_queue_has_its_line():
    bus = wire.Wire()
    bus.publish(0, wire.call("ping", "minova-api@box", "m1"))
    body = bus.publish(0.1, wire.reply("m1"), "", "reply_1")
    bus.note(0.1, body, "unrouted", "reply_1")
    assert shown(bus.events)[-1] == "   0.100 ! ping: there is no queue reply_1: nobody will get it"
    assert objects(bus.events)[-1]["notes"][0]["what"] == "unrouted"


def test_a_message_to_its_own_sender_is_drawn():
    bus = wire.Wire()
    bus.send(0, wire.cast("reschedule_instance", "minova-conductor@box"))
    assert shown(bus.events)[-1] == "   0.000     ├─cast─┐◀┘"


def test_hosts_share_a_lane_where_there_are_too_many():
    bus = wire.boot(wire.Wire())
    for number in range(9):
        bus.send(2, wire.cast("tell", "minova-api@box"), key=f"compute.host{number}")
    assert "computes" in shown(bus.events)[1]


def test_a_message_is_a_line_where_even_the_services_are_too_many():
    bus = wire.Wire()
    for number in range(12):
        bus.send(number, wire.cast("tell", "minova-api@box"), key=f"service{number}")
    lines = shown(bus.events)
    assert len(lines) == 13
    assert lines[1].split()[:5] == ["0.000", "cast", "api", "->", "service0"]


def test_a_server_is_followed_by_name_from_its_first_message_on():
    bus = wire.Wire()
    bus.send(0, wire.cast("ping", "minova-api@box", "req-other"))
    wire.boot(bus)
    bus.send(2, wire.call("report_hosts", "minova-compute@host1", "m9", "req-9", instance_uuids=[wire.UUID]))
    for server in ("web-1", wire.UUID):
        assert len(arrows(shown(bus.events, Filter(server=server), batch=1))) == 6
        assert len(objects(bus.events, Filter(server=server))) == 6


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Filter(request="req-2"), 1),
        (Filter(request="req-3"), 0),
        (Filter(method="select_destinations"), 2),
        (Filter(topic="conductor"), 3),
        (Filter(topic="compute"), 2),
        (Filter(topic="compute.host1"), 2),
        (Filter(topic="compute.host2"), 0),
        (Filter(topic="scheduler", method="build_instances"), 0),
    ],
)
def test_filters(wanted, count):
    bus = wire.boot(wire.Wire())
    bus.send(2, TERMINATE, key="compute.host1")
    assert len(objects(bus.events, wanted)) == count
    assert len(arrows(shown(bus.events, wanted))) == count


def test_json_is_in_the_order_of_the_wire_and_knows_deliveries():
    bus = wire.boot(wire.Wire())
    told = objects(bus.events)
    assert [one["unique_id"] for one in told] == [message.unique_id for message in bus.request().messages]
    assert [one["delivered"][0]["queue"] for one in told][:2] == ["conductor", "scheduler"]


def test_json_tells_what_happens_later():
    lines = []
    view = live.JsonView(Filter(), lines.append)
    bus = wire.Wire()
    bus.send(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "1000"})
    view.show(bus.events)
    bus.events = []
    bus.expire(5)
    view.show(bus.events)
    assert [json.loads(line).get("what") for line in lines] == [None, "timed_out"]


def test_what_others_wrote_gives_no_orders_to_the_terminal():
    """A method with an escape sequence coloured the terminal; one with half a character ended the trace."""
    bus = wire.Wire()
    strange = "\x1b[31m\n\u202e\ud800"
    instance = {**wire.INSTANCE, "minova_object.data": {"uuid": wire.UUID, "display_name": strange}}
    cast = wire.cast(f"m{strange}", f"minova-compute@{strange}", f"req{strange}", instance=instance)
    bus.publish(0, cast, key=f"key{strange}", queues=[])
    for width in (20, 80):
        lines = shown(bus.events, width=width)
        assert len(lines) > 2
        assert all(line.isprintable() for line in lines)


def test_characters_that_a_terminal_lacks_are_replaced():
    lines = [text.in_ascii(line) for line in shown(wire.boot(wire.Wire()).events)]
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize("batch", [1, 1_000_000])
def test_more_than_is_remembered_is_shown_all_the_same(monkeypatch, batch):
    """A terminal that had been stopped got thousands of messages at once, and half of them were never shown."""
    monkeypatch.setattr(live, "Store", lambda: Store(limit=5))
    bus = wire.Wire()
    for number in range(10):
        wire.boot(bus)
        bus.send(2, wire.cast("tell", "minova-api@box", f"req-{number}-other"), key="network")
    assert len(arrows(shown(bus.events, batch=batch))) == 70
    assert len(objects(bus.events)) == 70
    assert len(arrows(shown(bus.events, Filter(server="web-1")))) == 60


class Source:
    """Gives its events at once, then an error if it has one."""

    def __init__(self, events, error=None):
        self._events = events
        self._error = error
        self.stopped = threading.Event()

    def events(self, deadline):
        assert deadline == math.inf
        yield from self._events
        if self._error:
            raise self._error
        self.stopped.wait(20)

    def stop(self):
        self.stopped.set()


def test_what_a_slow_terminal_misses_is_counted():
    events = [event for event in interleaved() for _ in range(10)]
    source = Source(events, TraceError("gone"))
    with Buffer(source, math.inf, limit=100) as buffer:
        taken, dropped = buffer.take(20)
        assert (len(taken), dropped) == (100, 10)
        assert taken == events[-100:]
        with pytest.raises(TraceError, match="gone"):
            buffer.take(20)
    lines = []
    live.TextView(Filter(), lambda: 80, lines.append).tell_dropped(dropped)
    assert lines == ["--- 10 messages are missing here: this terminal was too slow for them ---"]


def test_a_buffer_ends_its_reader():
    source = Source([])
    with Buffer(source, math.inf) as buffer:
        assert buffer.take(0.01) == ([], 0)
    assert source.stopped.is_set()
