# SPDX-License-Identifier: Apache-2.0
"""`minova trace show` and `replay` on a recording, and what they say where there is none."""

import json
import re
import xml.etree.ElementTree as etree

import pytest

from minova.trace import command, recording
from minova.trace.firehose import off_hint
from minova.trace.recording_command import size
from tests.unit.trace import wire


@pytest.fixture
def state_path(tmp_path):
    """Of a minova up that is over: a boot, a heartbeat, and a delete."""
    bus = wire.boot(wire.Wire())
    bus.send(2, wire.call("report_hosts", "minova-compute@host1", "m9", "req-9", instance_uuids=[wire.UUID]))
    bus.send(3, wire.cast("terminate_instance", "minova-api@box", "req-2", instance=wire.INSTANCE))
    path = recording.path_in(tmp_path)
    (tmp_path / "trace").mkdir()
    with recording.Recorder(path) as recorder:
        for event in bus.events:
            recorder.add(event)
    return tmp_path


def trace(*arguments):
    return command.run(command.parser().parse_args([str(argument) for argument in arguments]))


def drawn(capsys, *arguments):
    assert trace("show", *arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("wanted", ["web-1", wire.UUID])
def test_a_server_is_drawn_with_all_its_requests(capsys, state_path, wanted):
    text = drawn(capsys, wanted, "--state-path", state_path)
    assert text.startswith("server web-1   ")
    assert "terminate_instance" in text
    assert "report_hosts" not in text


def test_a_request_is_drawn_alone(capsys, state_path):
    text = drawn(capsys, "req-1", "--state-path", state_path)
    assert text.startswith("boot of web-1   req-1\n6 messages, 1.7 KB, 1.201 s\n")
    assert "terminate_instance" not in text


def test_every_format_has_every_message(capsys, state_path):
    where = ("req-1", "--state-path", state_path, "--format")
    assert len(json.loads(drawn(capsys, *where, "json"))) == 6
    assert len(re.findall("p\\d--?>?>?\\)?p\\d", drawn(capsys, *where, "mermaid"))) == 6
    for form in ("svg", "html"):
        assert drawn(capsys, *where, form).count('class="message ') == 6


def test_a_drawing_is_written_to_a_file(capsys, state_path, tmp_path):
    assert (
        drawn(capsys, "req-1", "--state-path", state_path, "--format", "svg", "-o", tmp_path / "x.svg") == ""
    )
    etree.parse(tmp_path / "x.svg")


def test_the_html_is_one_file_that_loads_nothing(capsys, state_path):
    page = drawn(capsys, "req-1", "--state-path", state_path, "--format", "html")
    assert not re.search(r"""(src|href)=|url\(|@import|fetch\(|XMLHttp""", page)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) == {"http://www.w3.org/2000/svg"}
    content = json.loads(re.search(r'id="content">(.*?)</script>', page)[1])
    assert [one["title"] for one in content][:2] == ["build_instances", "select_destinations"]
    assert all(field["explanation"] for one in content for field in one["fields"])


def test_the_html_holds_what_was_said_as_text(capsys, tmp_path):
    bus = wire.Wire()
    bus.send(0, wire.cast("</script><script>alert(1)</script>", "<img src=x>@y", note="<!--<script>"))
    with recording.Recorder(tmp_path / "r") as recorder:
        for event in bus.events:
            recorder.add(event)
    page = drawn(capsys, "req-1", "--file", tmp_path / "r", "--format", "html")
    assert page.count("<script") == 2
    assert "<img" not in page


@pytest.mark.parametrize("form", ["text", "mermaid", "svg", "html", "json"])
def test_half_a_character_is_drawn_as_one_that_is_missing(capsys, tmp_path, form):
    """A lone surrogate, which JSON may hold and no terminal or file can, ended show with a traceback."""
    bus = wire.Wire()
    bus.send(0, wire.cast("\ud800half", "minova-api@\ud800", "req-\ud800"))
    with recording.Recorder(tmp_path / "r") as recorder:
        for event in bus.events:
            recorder.add(event)
    assert "half" in drawn(capsys, "--all", "--file", tmp_path / "r")
    assert "half" in drawn(capsys, "req-\ud800", "--file", tmp_path / "r", "--format", form)
    assert drawn(capsys, "req-\ud800", "--file", tmp_path / "r", "--format", form, "-o", tmp_path / "f") == ""


def test_the_requests_of_late_are_listed_without_heartbeats(capsys, state_path):
    listed = drawn(capsys, "--state-path", state_path)
    assert [line.split()[-1] for line in listed.splitlines()] == ["id", "req-1", "req-2"]
    assert "req-9" in drawn(capsys, "--all", "--state-path", state_path)


@pytest.mark.parametrize(("width", "title"), [(80, "failed: boot of …"), (120, "failed: boot of web-1")])
def test_the_list_fits_the_terminal_and_says_what_failed(capsys, tmp_path, width, title):
    """It was 89 columns wide whatever the terminal, and cut off the word `failed` at most titles."""
    bus = wire.Wire()
    request = "req-7bcdd12b-be84-497d-8738-7277613d0e65"
    cast = wire.cast("build_and_run_instance", "minova-conductor@box", request, instance=wire.INSTANCE)
    bus.note(1, bus.publish(0, cast), "dropped", "conductor")
    with recording.Recorder(tmp_path / "r") as recorder:
        for event in bus.events:
            recorder.add(event)
    lines = drawn(capsys, "--file", tmp_path / "r", "--width", width).splitlines()
    assert lines[1][9:] == f"   1   1.000 {title} {request}"
    assert max(map(len, lines)) <= width


def test_what_is_not_known_is_told(capsys, state_path):
    assert trace("show", "web-2", "--state-path", state_path) == 1
    assert "knows no request, and no server of the uuid or name, 'web-2'" in capsys.readouterr().err


def test_a_server_without_a_host_is_drawn_by_uuid_or_request(capsys, tmp_path):
    """Its name is on no message; who asked for it by name was told that there is no such server."""
    bus = wire.Wire()
    bus.send(0, wire.cast("build_instances", "minova-api@box", instance_uuids=[wire.UUID]))
    with recording.Recorder(tmp_path / "r") as recorder:
        for event in bus.events:
            recorder.add(event)
    assert trace("show", "web-1", "--file", tmp_path / "r") == 1
    assert "give its uuid or the id of the request" in capsys.readouterr().err
    assert "build_instances" in drawn(capsys, wire.UUID, "--file", tmp_path / "r")
    assert "build_instances" in drawn(capsys, "req-1", "--file", tmp_path / "r")


def test_where_nothing_was_recorded_it_says_how_to(capsys, tmp_path):
    assert trace("show", "web-1", "--state-path", tmp_path) == 1
    error = capsys.readouterr().err
    assert "Nothing was recorded" in error
    # On RabbitMQ with its firehose off nobody said why.
    assert "and the broker copies its messages (`minova doctor` tells)" in error
    assert "minova trace record FILE" in error


@pytest.mark.parametrize("wanted", [(), ("web-1",)], ids=["list", "draw"])
def test_a_recording_that_is_not_there_is_told(capsys, tmp_path, wanted):
    """Without a server it was a traceback."""
    assert trace("show", *wanted, "--file", tmp_path / "none") == 1
    assert "none cannot be read: No such file or directory." in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told(capsys, state_path):
    assert trace("show", "req-1", "--state-path", state_path, "-o", "/nowhere/x") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_virtual_host_is_named_as_a_shell_takes_it():
    assert "trace_on -p 'my host'\n" in off_hint("my host")
    assert "trace_on\n" in off_hint("/")


def test_a_recording_is_replayed_in_the_live_view(capsys, state_path):
    path = recording.path_in(state_path)
    assert trace("replay", path, "--speed", "0", "--width", "80", "--request", "req-1") == 0
    replayed = capsys.readouterr().out.splitlines()
    # A drawing has a line more of figures, and one for the silence.
    assert set(replayed) < set(drawn(capsys, "req-1", "--file", path, "--width", "80").splitlines())
    assert len(replayed) == 15


@pytest.mark.parametrize("command_line", [("show", "--all", "--file"), ("replay", "--speed", "0")])
def test_what_a_recording_has_no_longer_is_told(capsys, tmp_path, command_line):
    """Only replay said it: to show it looked as if the requests had begun in their middle."""
    with recording.Recorder(tmp_path / "r", max_bytes=3000) as recorder:
        for event in wire.boot(wire.Wire()).events:
            recorder.add(event)
    assert trace(*command_line, tmp_path / "r") == 0
    gone = "4 messages before these had to go when the file was full."
    assert gone in capsys.readouterr().err


def test_a_replay_keeps_its_pace(capsys, state_path):
    path = recording.path_in(state_path)
    assert trace("replay", path, "--speed", "50", "--json", "--method", "select_destinations") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("action", ["replay", "record"])
def test_other_files_are_left_alone(capsys, tmp_path, action):
    other = tmp_path / "letter"
    other.write_text("dear all\n")
    assert trace(action, other) == 1
    assert ("is not a recording" in (error := capsys.readouterr().err)) or "is there already" in error
    assert other.read_text() == "dear all\n"


@pytest.mark.parametrize(
    ("given", "size_bytes"), [("64MB", 64_000_000), ("1.5gb", 1_500_000_000), ("200000", 200_000)]
)
def test_sizes(given, size_bytes):
    assert size(given) == size_bytes


@pytest.mark.parametrize(
    "arguments",
    [
        ("record", "f", "--max-size", "1KB"),
        ("record", "f", "--max-size", "big"),
        ("record", "f", "--for", "-1"),
        ("--for", "10y"),
        ("--width", "0"),
        ("replay", "f", "--speed", "-1"),
        ("show", "x", "--format", "pdf"),
        ("forget",),
    ],
)
def test_bad_input_is_told(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        command.parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
