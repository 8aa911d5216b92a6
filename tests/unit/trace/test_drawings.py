# SPDX-License-Identifier: Apache-2.0
"""The drawings show every message once, say how it ended, and are well-formed whatever the wire carried."""

import json
import xml.etree.ElementTree as etree

from minova.trace import fields, mermaid, svg, timing
from tests.unit.trace import wire

SVG = "{http://www.w3.org/2000/svg}"


def messages_of(drawing):
    return [
        group
        for group in etree.fromstring(drawing).iter(f"{SVG}g")
        if "message" in group.get("class").split()
    ]


def test_svg_has_each_message_in_its_order():
    request = wire.boot(wire.Wire()).request()
    drawn = messages_of(svg.draw(request))
    assert [group.get("data-message") for group in drawn] == [m.unique_id for m in request.messages]
    assert (
        drawn[1].get("aria-label") == "0.010 s: call select_destinations from conductor to scheduler, 299 B"
    )
    assert {group.get("tabindex") for group in drawn} == {"0"}


def test_svg_is_well_formed_whatever_was_said():
    bus = wire.Wire()
    bus.send(0, wire.cast('<b>&"\x00\ud800', "<script>@x"), key="\x1b]]>")
    drawn = messages_of(svg.draw(bus.request()))
    assert "<b>" in drawn[0].get("aria-label")


def test_svg_marks_what_went_wrong():
    bus = wire.Wire()
    body = bus.send(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "1000"})
    bus.note(0.1, body, "held", "conductor")
    bus.expire(5)
    drawing = svg.draw(bus.request())
    assert "bad" in messages_of(drawing)[0].get("class").split()
    assert "0.100 s: held in conductor until it is let go" in drawing
    assert "1.000 s: timed out: no answer in 1 s" in drawing


def test_svg_names_an_exception_in_full():
    bus = wire.Wire()
    bus.send(0, wire.call("select_destinations", "minova-conductor@box", "m1"), key="scheduler")
    bus.send(0.1, wire.reply("m1", failure=json.dumps({"class": "NoValidHost"})), "", "reply_1")
    assert ">select_destinations raised NoValidHost<" in svg.draw(bus.request())


def test_svg_can_leave_its_style_to_the_page():
    request = wire.boot(wire.Wire()).request()
    assert "<style>" in svg.draw(request)
    assert "<style>" not in svg.draw(request, style=False)


def test_mermaid_has_a_line_for_each_message():
    drawing = mermaid.draw(wire.boot(wire.Wire()).request())
    assert "    participant p3 as compute.host1" in drawing
    assert "    p1->>p2: 0.010 s call select_destinations (299 B)" in drawing
    assert "    p3->>p1: 1.100 s call instance_update" in drawing


def test_mermaid_keeps_its_lines_whatever_was_said():
    bus = wire.Wire()
    bus.send(0, wire.cast("a\nb;c#d", "minova-api@box"))
    assert "cast a_b_c_d (" in mermaid.draw(bus.request())


def test_the_timeline_says_where_the_time_went():
    spans = timing.timeline(wire.boot(wire.Wire()).request())
    first = {span["kind"]: span for span in reversed(spans) if span["name"] == "select_destinations"}
    assert seconds(first["queue"]) == 0.001
    assert seconds(first["work"]) == 0.019
    assert seconds(first["reply"]) == 0.001
    build = next(
        span for span in spans if span["name"] == "build_and_run_instance" and span["kind"] == "work"
    )
    assert (seconds(build), build["lane"]) == (1.16, "compute.host1")


def test_the_timeline_shows_how_long_was_waited_in_vain():
    bus = wire.Wire()
    bus.send(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "1000"})
    bus.expire(5)
    assert [(span["kind"], seconds(span)) for span in timing.timeline(bus.request())] == [
        ("queue", 0.001),
        ("wait", 0.999),
    ]


def test_each_field_of_a_message_is_explained():
    bus = wire.boot(wire.Wire())
    rows = {row["name"]: row for row in fields.explain(bus.request().messages[3])}
    assert all(row["explanation"] for row in rows.values())
    assert rows["_context_sender"]["where"] == "context"
    assert rows["_unique_id"]["where"] == "envelope"
    assert rows["oslo.version"]["value"] == "2.0"
    assert "versioned object Instance, version 1.0" in rows["instance"]["explanation"]
    assert rows["routed_queues"]["value"] == ["compute.host1"]


def test_the_result_of_a_reply_is_payload():
    rows = {row["name"]: row for row in fields.explain(wire.boot(wire.Wire()).request().messages[2])}
    assert (rows["result"]["where"], rows["result"]["value"]) == ("payload", ["host1"])


def seconds(span):
    return round(span["end"] - span["begin"], 3)


def test_a_note_stays_within_the_drawing():
    bus = wire.Wire()
    body = bus.publish(0, wire.cast("ping", "minova-api@box"))
    bus.note(0.1, body, "held", "queue" * 60)
    drawing = etree.fromstring(svg.draw(bus.request()))
    note = next(text for text in drawing.iter(f"{SVG}text") if "note" in text.get("class"))
    assert note.text.startswith("0.100 s: held in queue")
    assert note.text.endswith("…")
    assert 0 < float(note.get("x")) < float(drawing.get("width"))
