# SPDX-License-Identifier: Apache-2.0
"""What the firehose costs the embedded broker and who works with it, at the pace of many boots, in turns in one run."""

import contextlib
import json
import queue
import statistics
import threading
import time

from minova.bench import accounting, children, trace_load
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.figures import Figure, ratio
from minova.broker import frame
from minova.trace import firehose

RATE = 200
TURN_SECONDS = 2
ROUNDS = 15  # many and short: a shared machine has its moods
OFF, PUBLISHED, ALL = "off", "publish", "all"
PATTERNS = {OFF: (), PUBLISHED: ("publish.#",), ALL: ("publish.#", "deliver.#")}
COPIES_PER_BOOT = {name: len(patterns) * len(trace_load.STEPS) for name, patterns in PATTERNS.items()}
_SETTLE_SECONDS = 10
_KEPT_SHARE = 0.95


class TracingError(Exception):
    """The measurement cannot be believed; the message says why."""


def measure(report, directory, rate=RATE, turn_seconds=TURN_SECONDS, rounds=ROUNDS):
    """Add the figures; a remark where CPU cannot be measured.

    :raises TracingError: when a tracer does not get every copy.
    :raises DeploymentError, children.ChildError: when a process fails.
    """
    if not accounting.supported():
        report.remarks.append("The cost of tracing is not measured: there is no /proc.")
        return
    with EmbeddedBroker(directory) as broker:
        load = children.Child("minova.bench.trace_load", {"transport_url": broker.transport_url})
        try:
            load.line()
            _turn(broker, load, OFF, rate, min(1, turn_seconds))
            turns = [
                (name, _turn(broker, load, name, rate, turn_seconds))
                for number in range(rounds)
                for name in _in_turn(number)
            ]
        finally:
            load.stop()
    report.figures += figures(turns)
    boots = sum(boots for _, (boots, *_) in turns)
    kept = boots / sum(turn[-1] for _, turn in turns)
    if kept < rate * _KEPT_SHARE:
        report.remarks.append(
            f"The machine was too busy for {rate:g} boots a second, it did {kept:.0f}. What piles up is handled in "
            "bunches, which costs the broker less than the pace does: the ratios are too high."
        )


def figures(turns):
    """:param turns: [(name of what was traced, (boots, CPU ms of broker, of services per boot, seconds))]"""
    note = f"{sum(boots for name, (boots, *_) in turns if name == OFF)} boots"
    own = {name: _each(turns, name, 1) for name in PATTERNS}
    others = {name: _each(turns, name, 2) for name in PATTERNS}
    return [
        Figure("trace_off", statistics.median(own[OFF]), note),
        Figure("trace_publish", statistics.median(own[PUBLISHED])),
        Figure("trace_all", statistics.median(own[ALL])),
        Figure("trace_publish_ratio", _ratio_of_rounds(own, PUBLISHED)),
        Figure("trace_all_ratio", _ratio_of_rounds(own, ALL)),
        Figure("trace_services_ratio", _ratio_of_rounds(others, ALL)),
    ]


class Tracer:
    """Gets copies as `minova trace` does, at less cost than any that looks at them; a queue of its own while entered.

    It counts them afterwards: what it does meanwhile takes from the processors, and their caches, of who is measured.
    """

    def __init__(self, transport_url, patterns):
        self._address = firehose.broker_addresses(transport_url)[0]
        self._patterns = patterns
        self._octets = queue.SimpleQueue()
        self._reader = frame.FrameReader(2**31)
        self._count = 0

    def __enter__(self):
        self._connection = trace_load.connect(self._address)
        channel = self._connection.channel()
        name = channel.queue_declare("", exclusive=True).queue
        for pattern in self._patterns:
            channel.queue_bind(name, firehose.EXCHANGE, pattern)
        channel.basic_consume(name, no_ack=True)
        self._thread = threading.Thread(target=self._read, args=(self._connection.transport.sock,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        # The reader ends with the socket.
        with contextlib.suppress(OSError):
            self._connection.transport.sock.shutdown(2)
        self._thread.join()
        self._connection.transport.close()

    def wait_for(self, count):
        """:raises TracingError: when not exactly so many copies come"""
        deadline = time.monotonic() + _SETTLE_SECONDS
        with contextlib.suppress(queue.Empty):
            while self._count < count or not self._octets.empty():
                octets = self._octets.get(timeout=max(0, deadline - time.monotonic()))
                self._count += sum(kind == frame.BODY for kind, *_ in self._reader.frames(octets))
        if self._count != count:
            raise TracingError(f"of {count} copies {self._count} came")

    def _read(self, sock):
        sock.settimeout(None)
        with contextlib.suppress(OSError):
            while octets := sock.recv(1 << 20):
                self._octets.put(octets)


def _in_turn(number):
    """What is traced in the turns of a round: each round begins with another, so that none always comes first."""
    names = list(PATTERNS)
    first = number % len(names)
    return names[first:] + names[:first]


def _turn(broker, load, name, rate, seconds):
    with contextlib.ExitStack() as stack:
        patterns = PATTERNS[name]
        tracer = stack.enter_context(Tracer(broker.transport_url, patterns)) if patterns else None
        before = accounting.cpu_seconds(broker.pid)
        done = json.loads(load.ask(f"{rate} {seconds}"))
        if tracer:
            tracer.wait_for(done["count"] * COPIES_PER_BOOT[name])
        spent_seconds = accounting.cpu_seconds(broker.pid) - before
    boots = done["count"]
    return boots, spent_seconds * 1000 / boots, done["cpu_seconds"] * 1000 / boots, done["seconds"]


def _each(turns, name, index):
    return [turn[index] for other, turn in turns if other == name]


def _ratio_of_rounds(values, name):
    """The median of the rounds' ratios: within a round the machine is mostly the same."""
    return statistics.median(ratio(value, off) for value, off in zip(values[name], values[OFF], strict=True))
