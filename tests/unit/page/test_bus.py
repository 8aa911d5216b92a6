# SPDX-License-Identifier: Apache-2.0
"""The thread that follows the firehose: it outlives every broker."""

import threading
import time

import pytest

from minova.page import bus
from minova.trace import events
from minova.trace.firehose import TraceError
from tests.unit.trace import wire

DEADLINE_SECONDS = 60
URL = "rabbit://guest:secret@127.0.0.1:1/own"


class FakeFirehose:
    """Plays one connection after the other; each is a list of events, ended by a lost connection or by stop()."""

    virtual_host = "own"

    def __init__(self, connections, tracing):
        self.connections = connections
        self.tracing = tracing
        self.opened = 0
        self.lost = []
        self._stopped = threading.Event()

    def __call__(self, url):
        return self

    def __enter__(self):
        self.opened += 1
        if not self.connections:
            raise TraceError("No broker lets us in.")
        self._now = self.connections.pop(0)
        if self._now is None:
            raise TraceError("No broker lets us in.")
        return self

    def __exit__(self, *_):
        pass

    def is_on(self):
        return self.tracing

    def lost_copies(self):
        return self.lost.pop(0) if self.lost else 0

    def events(self):
        yield from self._now
        if self.connections:
            raise TraceError("The broker has closed the connection.")
        yield None
        self._stopped.wait(DEADLINE_SECONDS)

    def stop(self):
        self._stopped.set()


class Followed:
    """A bus on a fake firehose, stopped at the end; counts what it hears."""

    def __init__(self, *connections, tracing=True):
        self.taken, self.states = [], []
        self._quiet = threading.Event()
        self.firehose = FakeFirehose(list(connections), tracing)
        self.bus = bus.Bus(URL, self._take, lambda: self.states.append(self.bus.state), self.firehose)

    def _take(self, event):
        self.taken.append(event)
        if event is None:
            self._quiet.set()

    def run(self):
        self.bus.start()
        assert self._quiet.wait(DEADLINE_SECONDS)
        self.bus.stop()


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch):
    monkeypatch.setattr(bus, "_SHORTEST_PAUSE_SECONDS", 0.01)


def boot_events():
    return wire.boot(wire.Wire()).events


def test_every_event_is_passed_on_and_messages_are_counted():
    followed = Followed(boot_events())
    followed.run()
    assert [event.what for event in followed.taken if event].count(events.PUBLISHED) == 6
    assert followed.bus.messages == 6


def test_a_broker_that_is_not_there_yet_is_tried_again():
    followed = Followed(None, None, boot_events())
    followed.run()
    assert followed.firehose.opened == 3
    assert [state.state for state in followed.states] == ["connecting", "connected"]
    assert followed.states[0].reason == "No broker lets us in."


def test_a_broker_that_goes_is_told_and_followed_again():
    followed = Followed(boot_events(), boot_events())
    followed.run()
    assert [state.state for state in followed.states] == ["connected", "connecting", "connected"]
    assert followed.bus.messages == 12


def test_a_broker_that_does_not_trace_is_told_with_what_to_type():
    followed = Followed([], tracing=False)
    followed.run()
    assert (followed.bus.state.state, followed.bus.state.tracing) == ("connected", False)
    assert "rabbitmqctl trace_on -p own" in followed.bus.state.hint


def test_copies_that_the_broker_threw_away_are_counted_and_told():
    followed = Followed(boot_events())
    followed.firehose.lost = [0, 40, 0, 2]
    followed.run()
    shown = followed.bus.describe()
    assert (shown["lost_copies"], abs(shown["lost_at"] - time.time()) < 60) == (42, True)
    # Twice that copies are missing, once that it is connected.
    assert len(followed.states) == 3


def test_without_a_loss_none_is_told():
    followed = Followed(boot_events())
    followed.run()
    shown = followed.bus.describe()
    assert (shown["lost_copies"], shown["lost_at"]) == (0, None)


def test_a_stop_does_not_wait_for_a_broker_that_is_away():
    followed = Followed()
    followed.bus.start()
    followed.bus.stop()
    assert followed.bus.state.state == "connecting"


def test_the_password_is_not_shown():
    shown = Followed().bus.describe()
    assert (shown["url"], shown["virtual_host"]) == ("rabbit://guest:***@127.0.0.1:1/own", "own")
