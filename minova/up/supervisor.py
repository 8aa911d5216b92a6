# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of a plan, passes their lines on, notices when one ends, and stops them in order.

One thread: a selector waits for the pipes and for signals.
"""

import contextlib
import os
import selectors
import signal
import time

from minova.up import plan
from minova.up.output import ServiceOutput
from minova.up.process import Process, outcome

# How often something is looked at that announces itself by no pipe and no signal.
TICK_SECONDS = 0.1
# For one group of STOP_ORDER; the services have a deadline of their own for what they have in hand.
STOP_SECONDS = 15
# The same without the broker: what is in hand cannot be finished then, and services wait for it to come back.
STOP_WITHOUT_BROKER_SECONDS = 3
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """The processes of one `minova up`."""

    def __init__(self, screen, guard, log_path):
        self.screen = screen
        self.processes = []
        # Signals that asked to stop, in the order in which they came.
        self.stop_requests = []
        self._guard = guard
        self._log_path = log_path
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()

    @contextlib.contextmanager
    def signals(self):
        """Within it the signals that stop are collected, and every signal wakes the selector."""
        for end in (self._wake_reader, self._wake_writer):
            os.set_blocking(end, False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        old_wakeup = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        old = {number: signal.signal(number, self._request_stop) for number in STOP_SIGNALS}
        # Without a handler the end of a child wakes nobody.
        old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_wakeup)

    def start(self, command):
        """Start one command; it is watched from now on."""
        process = Process(command, ServiceOutput(command.service, self.screen, self._log_path))
        self._guard.add(process.pid, plan.turn_to_stop(command.service))
        self._selector.register(process.pipe, selectors.EVENT_READ, process)
        self.processes.append(process)
        return process

    def wait(self, timeout_seconds=TICK_SECONDS):
        """Pass lines on until something else may have happened, `timeout_seconds` at most."""
        for key, _ in self._selector.select(timeout_seconds):
            if key.data is None:
                self._drain_wakeups()
            elif not key.data.read():
                self._selector.unregister(key.fileobj)

    def newly_ended(self):
        """Processes that ended since the last call, except one-shot commands that did what they should."""
        ended = [p for p in self.processes if p.exit_code is not None and not p.told]
        for process in ended:
            process.told = True
        return [process for process in ended if not (process.command.one_shot and process.exit_code == 0)]

    def watch(self, channel, reader):
        """Have ``reader.read()`` called when there is something to read on a socket; False from it ends that."""
        self._selector.register(channel, selectors.EVENT_READ, reader)

    def unwatch(self, channel):
        self._selector.unregister(channel)

    def restart(self, process):
        """Start the command of a process that ended once more.

        :raises OSError: when the system cannot; the old process then keeps its place.
        """
        # A worker that it left behind would keep its port.
        process.kill()
        self._finish(process)
        started = self.start(process.command)
        self.processes.remove(process)
        return started

    def services(self):
        """The processes that are meant to stay."""
        return [process for process in self.processes if not process.command.one_shot]

    def one_shots_done(self):
        return all(p.exit_code == 0 for p in self.processes if p.command.one_shot)

    def stop(self):
        """Stop all, the ones behind last; returns True when nothing had to be killed."""
        requests = len(self.stop_requests)
        broker_ended = any(p.service == "broker" and p.exit_code is not None for p in self.processes)
        seconds = STOP_WITHOUT_BROKER_SECONDS if broker_ended else STOP_SECONDS
        clean = True
        for process in self.processes:
            # What stops first may need one that is paused.
            process.resume()
        for services in plan.STOP_ORDER:
            batch = [process for process in self.processes if process.kind in services]
            clean = self._stop_batch(batch, requests, seconds) and clean
        for process in self.processes:
            self._finish(process)
        return clean

    def _request_stop(self, number, _frame):
        self.stop_requests.append(number)

    def _drain_wakeups(self):
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake_reader, 4096):
                pass

    def _stop_batch(self, batch, requests, seconds):
        for process in batch:
            process.terminate()
        orphaned = set()
        deadline = time.monotonic() + seconds
        while left := [process for process in batch if not process.gone()]:
            _stop_orphans(left, orphaned)
            impatient = len(self.stop_requests) > requests
            if impatient or time.monotonic() > deadline:
                return self._kill(left, "on the second request" if impatient else f"after {seconds} s")
            self.wait(0.02)
        return True

    def _kill(self, left, when):
        for process in left:
            self.screen.say(
                f"Killed {process.service} (pid {process.pid}), not stopped {when}.", trouble=True
            )
            process.kill()
        return False

    def _finish(self, process):
        """Take the last lines, and tell the guard that there is nothing left to do."""
        if process.finished:
            return
        deadline = time.monotonic() + 1
        while not process.gone() and time.monotonic() < deadline:
            time.sleep(0.01)
        with contextlib.suppress(KeyError):
            self._selector.unregister(process.pipe)
        process.close()
        self._guard.remove(process.pid)


def ended_sentence(process):
    """What became of a process, for the screen."""
    return f"{process.service} (pid {process.pid}) ended with {outcome(process.exit_code)}."


def _stop_orphans(processes, told):
    """Ask, once, the workers of a service that ended without them."""
    for process in processes:
        if process.exit_code is not None and process.pid not in told:
            told.add(process.pid)
            process.terminate_workers()
