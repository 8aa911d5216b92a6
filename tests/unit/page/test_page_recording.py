# SPDX-License-Identifier: Apache-2.0
"""The page records what it hears, and goes on when it cannot."""

import os

import pytest

from minova.page.recording import Recording
from minova.trace import recording
from tests.unit.page.fakes import Clock
from tests.unit.trace import wire

EVENTS = wire.boot(wire.Wire()).events


class Recorded:
    def __init__(self, path, max_bytes=1_000_000):
        self.clock, self.told = Clock(), 0
        self.recording = Recording(str(path), max_bytes, self.count, self.clock)

    def count(self):
        self.told += 1

    def add_all(self):
        for event in EVENTS:
            self.recording.add(event)
        self.recording.flush()


def test_all_events_are_recorded(tmp_path):
    path = recording.path_in(str(tmp_path))
    recorded = Recorded(path)
    recorded.add_all()
    assert [event.what for event in recording.read(path)] == [event.what for event in EVENTS]
    assert recorded.recording.describe() == {"path": path, "max_bytes": 1_000_000, "reason": None}
    recorded.recording.close()


def test_nothing_is_recorded_where_none_is_wanted(tmp_path):
    recorded = Recorded(tmp_path / "trace" / "r", max_bytes=0)
    recorded.add_all()
    assert os.listdir(tmp_path) == []
    assert recorded.recording.trouble == "[page] recording_bytes is 0."


def test_a_place_that_cannot_be_written_is_told_and_tried_again_later(tmp_path):
    (tmp_path / "trace").write_text("a file, no directory")
    path = tmp_path / "trace" / "r"
    recorded = Recorded(path)
    recorded.add_all()
    assert recorded.recording.trouble == f"{path} cannot be written: File exists."
    (tmp_path / "trace").unlink()
    recorded.add_all()
    assert not path.exists()
    recorded.clock.now += 31
    recorded.add_all()
    assert len(list(recording.read(str(path)))) == len(EVENTS)
    assert (recorded.recording.trouble, recorded.told) == (None, 2)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_and_the_page_goes_on(tmp_path):
    path = tmp_path / "r"
    path.symlink_to("/dev/full")
    recorded = Recorded(path)
    recorded.add_all()
    assert "No space left on device" in recorded.recording.trouble
    recorded.recording.close()


def test_a_file_of_something_else_is_left_alone_and_told(tmp_path):
    path = tmp_path / "r"
    path.write_text("my diary\n")
    recorded = Recorded(path)
    recorded.add_all()
    assert recorded.recording.trouble == f"{path} is not a recording of minova trace."
    assert path.read_text() == "my diary\n"
