# SPDX-License-Identifier: Apache-2.0
"""Lines of services on their way to the terminal and into files."""

import io

from minova.up import output


class Terminal(io.StringIO):
    def isatty(self):
        return True


def service_output(tmp_path, stream):
    return output.ServiceOutput("api", output.Screen(stream, ["api", "broker"]), str(tmp_path))


def test_chunks_are_cut_into_lines(tmp_path):
    stream = io.StringIO()
    api = service_output(tmp_path, stream)
    api.feed(b"one\ntw")
    api.feed(b"o\r\n\xff")
    api.close()
    assert stream.getvalue() == "api    | one\napi    | two\napi    | \N{REPLACEMENT CHARACTER}\n"
    assert (tmp_path / "api.log").read_text().splitlines() == ["one", "two", "\N{REPLACEMENT CHARACTER}"]


def test_a_line_without_end_is_bounded(tmp_path):
    stream = io.StringIO()
    api = service_output(tmp_path, stream)
    api.feed(b"x" * (output.LONGEST_LINE_BYTES + 1))
    assert len(stream.getvalue()) > output.LONGEST_LINE_BYTES


def test_colour_only_on_a_terminal_that_wants_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.wants_colour(Terminal())
    assert not output.wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.wants_colour(Terminal())


def test_an_error_line_is_red(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    screen = output.Screen(stream, ["api"])
    screen.line("api", "2030-01-01 10:00:00.000 7 ERROR minova.api it failed")
    screen.line("api", "2030-01-01 10:00:00.000 7 INFO minova.api all is well")
    assert stream.getvalue().splitlines()[0].startswith(f"\033[{output.RED}m")
    assert stream.getvalue().splitlines()[1].startswith(f"\033[{output.COLOURS[0]}m")


def test_held_lines_are_shown_or_dropped():
    stream = io.StringIO()
    screen = output.Screen(stream, ["api"])
    screen.hold()
    screen.line("api", "early")
    assert stream.getvalue() == ""
    screen.release(show=True)
    screen.hold()
    screen.line("api", "dropped")
    screen.release(show=False)
    assert stream.getvalue() == "api | early\n"


def test_a_log_file_is_bounded(tmp_path):
    log = output.LogFile(str(tmp_path / "a.log"), limit_bytes=100)
    for number in range(100):
        log.write(f"line {number:03}")
    log.close()
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]
    assert max(sizes) <= 110
