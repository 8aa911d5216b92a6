# SPDX-License-Identifier: Apache-2.0
"""What all subcommands of `minova` have in common."""

import io
import sys

import pytest

from minova.cmd import cli
from minova.trace import recording
from tests.unit.trace import wire


@pytest.fixture
def recording_path(tmp_path):
    """Of one message, whose method is no ASCII."""
    bus = wire.Wire()
    bus.send(0, wire.cast("bäuen", "minova-api@box"))
    with recording.Recorder(tmp_path / "r") as recorder:
        for event in bus.events:
            recorder.add(event)
    return str(tmp_path / "r")


class Interrupted:
    """A finder at whose module somebody types Ctrl-C."""

    def __init__(self, module):
        self._module = module

    def find_spec(self, name, path=None, target=None):
        if name == self._module:
            raise KeyboardInterrupt


def test_a_command_may_be_interrupted_while_it_is_loaded(monkeypatch):
    """Ctrl-C in the first half second of `minova doctor` showed a traceback."""
    monkeypatch.delitem(sys.modules, "minova.doctor.command", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted("minova.doctor.command"), *sys.meta_path])

    assert cli.main(["doctor"]) == 130


def test_a_command_works_without_an_output(monkeypatch, recording_path):
    """`minova trace show NAME >&-` ended with a traceback."""
    monkeypatch.setattr(sys, "stdout", None)

    assert cli.main(["trace", "show", "req-1", "--file", recording_path]) == 0


@pytest.mark.parametrize(("form", "name"), [("text", b"b?uen"), ("svg", "bäuen".encode())])
def test_a_name_that_the_terminal_cannot_show_is_shown_as_far_as_it_can(
    monkeypatch, recording_path, form, name
):
    """On a terminal of ASCII a name with an umlaut ended the command with a traceback; files are in UTF-8."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)

    assert cli.main(["trace", "show", "req-1", "--file", recording_path, "--format", form]) == 0

    terminal.flush()
    assert name in terminal.buffer.getvalue()
