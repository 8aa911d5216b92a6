# SPDX-License-Identifier: Apache-2.0
"""Whether `minova trace` in a terminal of 80 columns keeps up with 1,000 messages per second, and hides nothing."""

import collections
import json
import os
import pty
import re
import signal
import subprocess
import termios
import threading
import time

from minova.bench import accounting, children, trace_load
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.figures import Figure
from minova.bench.tracing import TracingError
from minova.up import plan

BOOTS_PER_SECOND = 125
SECONDS = 10
_LINES, _COLUMNS = 24, 80
_START_SECONDS = 30
_STOP_SECONDS = 10
# So long nothing new is shown before what is missing is taken to be lost.
_QUIET_SECONDS = 5

# The arrow of a message; a line of what happened to one has a "!" behind its time.
_MESSAGE = re.compile(r" *\d+\.\d{3} (?!!)")
_HEAD = re.compile(r"\S.* (req-\S+)$")
_MISSING = re.compile(r"--- (\d+|some) messages are missing here")


def measure(report, directory, rate=BOOTS_PER_SECOND, seconds=SECONDS):
    """Add the figures; a remark where CPU cannot be measured.

    :raises TracingError: when a message is not shown and the trace does not say so; see Screen.check().
    :raises DeploymentError, children.ChildError: when a process fails.
    """
    if not accounting.supported():
        report.remarks.append("The live trace is not measured: there is no /proc.")
        return
    with EmbeddedBroker(directory) as broker, Terminal(broker.transport_url) as terminal:
        load = children.Child("minova.bench.trace_load", {"transport_url": broker.transport_url})
        try:
            load.line()
            begin, before = time.time(), accounting.cpu_seconds(terminal.pid)
            done = json.loads(load.ask(f"{rate} {seconds}"))
            terminal.wait_for(done["count"] * len(trace_load.STEPS))
            spent_seconds = accounting.cpu_seconds(terminal.pid) - before
        finally:
            load.stop()
    times = terminal.shown_at - begin, terminal.shown_at - done["ended_at"]
    report.figures += figures(done, terminal.screen, spent_seconds, *times)


def figures(done, screen, spent_seconds, seconds, lag_seconds):
    """:param done: what the load says of itself
    :param seconds: until the last line
    :raises TracingError: see Screen.check()
    """
    sent = done["count"] * len(trace_load.STEPS)
    screen.check(done["count"])
    return [
        Figure("terminal_sent", sent, f"{sent / done['seconds']:.0f} per second"),
        Figure("terminal_shown", screen.shown),
        Figure("terminal_missing", sent - screen.shown, "as the trace itself said" if screen.missing else ""),
        Figure("terminal_lag", max(0, lag_seconds)),
        Figure(
            "terminal_cpu", 100 * spent_seconds / seconds, f"{1000 * spent_seconds / sent:.2f} ms per message"
        ),
    ]


class Screen:
    """What a trace shows, read line by line."""

    def __init__(self):
        self._shown = collections.Counter()  # messages by request
        self._request = ""
        # What the trace said about messages that it leaves out: "12", "some".
        self.missing = []

    @property
    def shown(self):
        return self._shown.total()

    def read(self, line):
        """Return whether a message is in it."""
        if found := _MISSING.match(line):
            self.missing.append(found[1])
        elif found := _HEAD.match(line):
            self._request = found[1]
        elif _MESSAGE.match(line):
            self._shown[self._request] += 1
            return True
        return False

    def check(self, boots):
        """:raises TracingError: when not each of so many boots is shown in full, and the trace says less than that"""
        sent = boots * len(trace_load.STEPS)
        whole = sum(count == len(trace_load.STEPS) for count in self._shown.values())
        if "some" in self.missing or (whole == len(self._shown) == boots and not self.missing):
            return
        told = sum(map(int, self.missing))
        if not told or self.shown + told != sent:
            raise TracingError(
                f"of {sent} messages {self.shown} were shown, those of {whole} boots in full, and the trace said "
                f"that {told} are missing"
            )


class Terminal:
    """`minova trace` on a terminal that somebody reads as fast as it comes; it listens on entry."""

    def __init__(self, transport_url):
        self._command = [plan.script("minova"), "trace", "--transport-url", transport_url]
        self.screen = Screen()
        self.shown_at = 0.0  # when the last message was shown, seconds since the epoch
        self._said = collections.deque(maxlen=5)
        self._listens = self._ended = False
        self._came = threading.Condition()

    def __enter__(self):
        self._reading, writing = pty.openpty()
        termios.tcsetwinsize(writing, (_LINES, _COLUMNS))
        # COLUMNS would outdo the terminal's own.
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        environment["PYTHONIOENCODING"] = "utf-8"
        self._process = subprocess.Popen(
            self._command, stdin=writing, stdout=writing, stderr=writing, env=environment
        )
        os.close(writing)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        with self._came:
            self._came.wait_for(lambda: self._listens or self._ended, _START_SECONDS)
        if not self._listens:
            self.__exit__()
            raise TracingError(f"minova trace did not start: {' '.join(self._said)}")
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # The reader ends with the last process that has the terminal open.
        self._thread.join()
        os.close(self._reading)

    @property
    def pid(self):
        return self._process.pid

    def wait_for(self, count):
        """Until so many messages are shown, or no more come.

        :raises TracingError: when the trace ends
        """
        with self._came:
            while self.screen.shown < count and not self._ended:
                before = self.screen.shown
                self._came.wait_for(lambda: self.screen.shown >= count or self._ended, _QUIET_SECONDS)
                if self.screen.shown == before:
                    break
        if self._ended:
            raise TracingError(f"minova trace has ended: {' '.join(self._said)}")

    def _read(self):
        rest = b""
        while octets := self._next():
            *lines, rest = (rest + octets).split(b"\r\n")
            with self._came:
                for line in lines:
                    self._take(line.decode(errors="replace"))
                self._came.notify_all()
        with self._came:
            self._ended = True
            self._came.notify_all()

    def _next(self):
        try:
            return os.read(self._reading, 1 << 16)
        except OSError:
            # So Linux says that nobody has the terminal open any longer.
            return b""

    def _take(self, line):
        self._said.append(line)
        self._listens |= line.startswith("Listening")
        if self.screen.read(line):
            self.shown_at = time.time()
