# SPDX-License-Identifier: Apache-2.0
"""A recording holds what was recorded, stays as small as it has to, and never reads as something else."""

import json
import os

import pytest

from minova.trace.recording import Recorder, RecordingError, read
from minova.trace.store import Store
from tests.unit.trace import wire


def record(path, events, **limits):
    with Recorder(path, **limits) as recorder:
        for event in events:
            recorder.add(event)


def stored(path):
    store = Store()
    for event in read(path):
        store.add(event)
    return store


def test_what_is_recorded_is_read_back(tmp_path):
    bus = wire.boot(wire.Wire())
    record(tmp_path / "trace", bus.events)
    assert stored(tmp_path / "trace").request(wire.REQUEST) == bus.request()
    assert [event.what for event in read(tmp_path / "trace")] == [event.what for event in bus.events]


def test_notes_are_read_back_once(tmp_path):
    bus = wire.Wire()
    body = bus.publish(0, wire.cast("ping", "minova-api@box"))
    bus.note(1, body, "held", "conductor")
    record(tmp_path / "trace", bus.events)
    assert (
        stored(tmp_path / "trace").request(wire.REQUEST).messages[0].notes == bus.request().messages[0].notes
    )


def test_a_second_recorder_goes_on_where_the_first_ended(tmp_path):
    events = wire.boot(wire.Wire()).events
    record(tmp_path / "trace", events[:4])
    record(tmp_path / "trace", events[4:])
    assert len(list(read(tmp_path / "trace"))) == len(events)


def test_the_oldest_goes_and_the_file_says_how_much(tmp_path):
    path = tmp_path / "trace"
    bus = wire.Wire()
    for number in range(100):
        bus.send(number, wire.cast("ping", "minova-api@box", number=str(number), pad="x" * 200))
    with Recorder(path, max_bytes=20_000) as recorder:
        for event in bus.events:
            recorder.add(event)
            recorder.flush()
            assert path.stat().st_size <= 20_000
    kept = [event.message.unique_id for event in read(path) if event.what == "published"]
    assert read(path).dropped_messages == 100 - len(kept) > 0
    assert kept == [f"u-ping-req-1-{number}" for number in range(100 - len(kept), 100)]


def test_a_line_that_is_still_being_written_is_not_read(tmp_path):
    path = tmp_path / "trace"
    record(path, wire.boot(wire.Wire()).events)
    whole = len(list(read(path)))
    path.write_bytes(path.read_bytes()[:-5])
    assert len(list(read(path))) == whole - 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{}\n", "is not a recording"),
        (b"once upon a time\n", "is not a recording"),
        (b"[" * 4000, "is not a recording"),
        (b'{"minova_trace": 99}\n', "has format 99"),
    ],
)
def test_another_file_is_refused_and_left_alone(tmp_path, content, reason):
    path = tmp_path / "other"
    path.write_bytes(content)
    for use in (read, Recorder):
        with pytest.raises(RecordingError, match=reason):
            use(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line", [b"{}\n", b"7\n", b"x\n", b'{"event": "published"}\n', b'{"event": "published", "message": 7}\n']
)
def test_a_line_of_something_else_is_told(tmp_path, line):
    path = tmp_path / "trace"
    record(path, [])
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(RecordingError, match="line 2, is not of a recording"):
        list(read(path))


@pytest.mark.parametrize(
    "change", [{"time": None}, {"kind": "shout"}, {"sender": 7}, {"names": {"uuid": 7}}, {"queues": [7]}]
)
def test_a_message_of_something_else_is_told(tmp_path, change):
    """It was a traceback of whatever drew it."""
    record(tmp_path / "trace", wire.boot(wire.Wire()).events)
    header, first, *others = (tmp_path / "trace").read_text().splitlines()
    event = json.loads(first)
    event["message"] |= change
    (tmp_path / "trace").write_text("\n".join([header, json.dumps(event), *others, ""]))
    with pytest.raises(RecordingError, match="line 2, is not of a recording"):
        stored(tmp_path / "trace")


@pytest.mark.parametrize("change", [{"time": "noon"}, {"queue": None}, {"event": "noted"}])
def test_a_delivery_of_something_else_is_told(tmp_path, change):
    record(tmp_path / "trace", wire.boot(wire.Wire()).events)
    header, first, second, *others = (tmp_path / "trace").read_text().splitlines()
    second = json.dumps(json.loads(second) | change)
    (tmp_path / "trace").write_text("\n".join([header, first, second, *others, ""]))
    with pytest.raises(RecordingError, match="line 3, is not of a recording"):
        stored(tmp_path / "trace")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RecordingError, match="No such file"):
        read(tmp_path / "nothing")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("use", [Recorder.flush, Recorder.close])
def test_a_full_disk_is_told(tmp_path, use):
    """`minova trace record` ended with a traceback."""
    (tmp_path / "trace").symlink_to("/dev/full")
    with pytest.raises(RecordingError, match="trace cannot be written: No space left on device"):
        use(Recorder(tmp_path / "trace"))


@pytest.mark.parametrize(
    "rest", [b'{"event": "publ', b'{"event": "published", "message": {"pad": "' + b"x" * 200_000]
)
def test_a_recorder_that_was_killed_leaves_no_half_line_behind(tmp_path, rest):
    events = wire.boot(wire.Wire()).events
    record(tmp_path / "trace", events[:4])
    with (tmp_path / "trace").open("ab") as file:
        file.write(rest)
    record(tmp_path / "trace", events[4:])
    assert len(list(read(tmp_path / "trace"))) == len(events)
