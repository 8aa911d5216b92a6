# SPDX-License-Identifier: Apache-2.0
"""Holds: rules by which messages stay in their queue until somebody lets them go.

A held message counts as one that waits, and keeps its place; consumers get those behind it. See queue.py.
"""

import dataclasses
import itertools
import time

from minova.broker.debugger.match import Match
from minova.broker.debugger.reader import Reading

HELD_OCTETS = 1500  # what a Held takes at most, measured as growth of a process under CPython 3.11
_SERVERS_KEPT = 3


@dataclasses.dataclass(slots=True)
class Hold:
    id: int
    match: Match
    created_at: float  # seconds since the epoch
    count: int = 0  # messages that it has held so far


@dataclasses.dataclass(slots=True)
class Held:
    """One message that is held in one queue."""

    id: int
    hold: Hold
    queue: object
    entry: object
    reading: Reading
    since: float  # seconds since the epoch


class Holds:
    """Those of one vhost, and the messages that they hold, oldest first."""

    def __init__(self, vhost, reader):
        self.is_on = False
        self.rules = {}  # id: Hold
        self.held = {}  # id: Held
        self._vhost = vhost
        self._reader = reader
        self._ids = {}  # of held entries
        self._rule_numbers = itertools.count(1)
        self._held_numbers = itertools.count(1)

    def add(self, match):
        """Hold such messages, those too that wait already; return the Hold."""
        rule = Hold(next(self._rule_numbers), match, time.time())
        self.rules[rule.id] = rule
        self.is_on = True
        for queue in list(self._vhost.queues.values()):
            queue.hold_waiting(self._chosen_by(rule))
        return rule

    def choose(self, message):
        """Return the (Hold, Reading) by which a message is to be held, or None."""
        if message.properties.is_copy:
            return None  # else a tracer would not see what is held
        reading = self._reader.read(message)
        for rule in self.rules.values():
            if rule.match.fits(reading):
                return rule, reading
        return None

    def clear(self, rule_id=None):
        """Take one rule away, or all; what they alone held goes on its way. Return (rules, messages) let go."""
        doomed = list(self.rules) if rule_id is None else [rule_id]
        for one in doomed:
            del self.rules[one]
        self.is_on = bool(self.rules)
        released = [held for held in self.held.values() if held.hold.id in doomed]
        return len(doomed), sum(self._release_unless_wanted(held) for held in released)

    def step(self, held_id=None):
        """Let one message go, the oldest by default; return the Held.

        :raises KeyError: when there is none, or not that one
        """
        held = self.held[next(iter(self.held), None) if held_id is None else held_id]
        held.queue.release(held.entry)
        return held

    # For queue.py

    def took(self, queue, entry, chosen):
        """A queue holds an entry that `choose` chose."""
        rule, reading = chosen
        rule.count += 1
        held = Held(next(self._held_numbers), rule, queue, entry, _shorten(reading), time.time())
        self.held[held.id] = held
        self._ids[entry] = held.id
        self._vhost.memory.add(HELD_OCTETS)
        self._note("held", held)

    def let_go(self, entry, what):
        """A queue holds an entry no longer: it is 'released', 'expired' or 'removed'."""
        held = self.held.pop(self._ids.pop(entry))
        self._vhost.memory.remove(HELD_OCTETS)
        self._note(what, held)

    def _chosen_by(self, rule):
        def choose(message):
            if message.properties.is_copy:
                return None
            reading = self._reader.read(message)
            return (rule, reading) if rule.match.fits(reading) else None

        return choose

    def _release_unless_wanted(self, held):
        if held.id not in self.held:
            return False  # gone meanwhile: what was released before it made the queue too long
        chosen = self.choose(held.entry.message)
        if chosen is not None:
            held.hold = chosen[0]
            return False
        held.queue.release(held.entry)
        return True

    def _note(self, what, held):
        if self._vhost.firehose.is_on:
            facts = {"hold": held.hold.id, "held": held.id}
            self._vhost.firehose.noted(what, held.entry.message, held.queue.name, facts)


def _shorten(reading):
    """A message may name thousands of servers; who waits for them is told of the first."""
    found = reading.envelope
    if found is None or len(found.servers) <= _SERVERS_KEPT:
        return reading
    kept = found._replace(servers=found.servers[:_SERVERS_KEPT], names=())
    return reading._replace(envelope=kept, server_names=reading.server_names[:_SERVERS_KEPT])
