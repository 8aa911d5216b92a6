# SPDX-License-Identifier: Apache-2.0
"""Faults: rules by which the broker loses, delays, duplicates or corrupts what is published to it.

The publisher gets its confirm in each case, as if the message had come to harm later.
"""

import asyncio
import dataclasses
import itertools
import random
import time

from minova.broker import message as messages
from minova.broker.debugger.match import Match

DROP, DELAY, DUPLICATE, CORRUPT = "drop", "delay", "duplicate", "corrupt"
ACTIONS = (DROP, DELAY, DUPLICATE, CORRUPT)
LONGEST_DELAY_SECONDS = 3600

_CORRUPTED_OCTETS = 8
_NEVER_IN_UTF8 = range(0xF8, 0x100)


@dataclasses.dataclass
class Fault:
    """A rule; it is spent after `count` strikes, or at `expires_at`."""

    id: int
    match: Match
    action: str
    seed: int  # the same seed and the same messages: the same strikes
    delay_seconds: float = 0.0
    probability: float = 1.0
    skip: int = 0  # matching messages that pass before the first strike
    count: int | None = None  # None: no end
    expires_at: float | None = None  # seconds since the epoch; None: never
    hits: int = 0
    strikes: int = 0

    def __post_init__(self):
        self.random = random.Random(self.seed)

    def is_spent(self):
        return (self.count is not None and self.strikes >= self.count) or (
            self.expires_at is not None and self.expires_at <= time.time()
        )

    def strikes_now(self):
        """Count a matching message; tell whether it is struck."""
        self.hits += 1
        struck = self.hits > self.skip and self.random.random() < self.probability
        self.strikes += struck
        return struck


class Faults:
    """Those of one vhost."""

    def __init__(self, vhost, reader):
        self.is_on = False
        self.rules = {}  # id: Fault
        self._vhost = vhost
        self._reader = reader
        self._numbers = itertools.count(1)

    def add(self, **fields):
        """Put a rule into force; the fields are those of Fault."""
        rule = Fault(next(self._numbers), **fields)
        self.rules[rule.id] = rule
        self.is_on = True
        return rule

    def clear(self, rule_id=None):
        """Take one rule away, or all; return how many. What is delayed already comes in its time."""
        doomed = list(self.rules) if rule_id is None else [rule_id]
        for one in doomed:
            del self.rules[one]
        self.is_on = bool(self.rules)
        return len(doomed)

    def put(self, message, queues, channel):
        """Put a published message into its queues, or what a fault makes of it; return False if one refused it."""
        fault = self._find(message) if queues else None
        if fault is None:
            return self._vhost.put(message, queues)
        self._note(fault, message, queues, channel)
        return getattr(self, f"_{fault.action}")(fault, message, queues)

    def _find(self, message):
        live = [rule for rule in self.rules.values() if not rule.is_spent()]
        if not live:
            return None
        reading = self._reader.read(message)
        return next((rule for rule in live if rule.match.fits(reading) and rule.strikes_now()), None)

    def _drop(self, fault, message, queues):
        return True

    def _delay(self, fault, message, queues):
        message.charge(self._vhost.memory, 0)
        asyncio.get_running_loop().call_later(fault.delay_seconds, self._put_late, message, queues)
        return True

    def _put_late(self, message, queues):
        # Meanwhile a queue may have been deleted, and another declared by its name.
        self._vhost.put(message, [queue for queue in queues if self._vhost.queues.get(queue.name) is queue])

    def _duplicate(self, fault, message, queues):
        accepted = self._vhost.put(message, queues)
        return self._vhost.put(message, queues) and accepted

    def _corrupt(self, fault, message, queues):
        return self._vhost.put(_with_body(message, _corrupted(message.body, fault.random)), queues)

    def _note(self, fault, message, queues, channel):
        firehose = self._vhost.firehose
        if not firehose.is_on:
            return
        what = {DROP: "dropped", DELAY: "delayed", DUPLICATE: "duplicated", CORRUPT: "corrupted"}[
            fault.action
        ]
        facts = {"fault": fault.id, "delay_ms": round(fault.delay_seconds * 1000)}
        for queue in queues:
            firehose.noted(what, message, queue.name, facts, channel)


def _corrupted(body, chance):
    """Some octets are no longer what they were, and no longer UTF-8: who reads the body as text finds out."""
    octets = bytearray(body)
    for _ in range(min(_CORRUPTED_OCTETS, len(octets))):
        octets[chance.randrange(len(octets))] = chance.choice(_NEVER_IN_UTF8)
    return bytes(octets)


def _with_body(message, body):
    return messages.Message(
        message.exchange, message.routing_key, message.address, message.header, body, message.properties
    )
