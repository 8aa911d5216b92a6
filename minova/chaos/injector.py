# SPDX-License-Identifier: Apache-2.0
"""Carries a plan of faults out on the processes of a `minova up`, which starts again what it kills."""

import collections
import contextlib
import os
import signal
import threading
import time

from minova.chaos import door, plan
from minova.up import processes, record

# Within this a service that died has to be there again; the pause of `minova up` before a start is at most 30 s.
BACK_SECONDS = 90
_LOOK_SECONDS = 0.1


class Injector:
    """One storm's faults, on threads of its own.

    :param ledger: is told which service was away from when to when, and what did not come back.
    :param say: called with a sentence for each fault.
    :param foreign: what is no service of ours, of foreign.py.
    """

    def __init__(self, state_path, faults, ledger, say, foreign=()):
        self._state_path = state_path
        self._faults = faults
        self._ledger = ledger
        self._say = say
        self._foreign = {server.name: server for server in foreign}
        self._ended = threading.Event()
        self._stopped_groups = set()
        self._threads = []
        # (service, kind) to number of those that were carried out.
        self.counts = collections.Counter()

    def run(self, storm_seconds, until_stopped):
        """Carry the plan out, to the end of the storm or until the event is set; nothing stays stopped."""
        begin = time.monotonic()
        try:
            for fault in self._faults:
                if until_stopped.wait(max(begin + fault.at_seconds - time.monotonic(), 0)):
                    return
                self._start(self._inject, fault)
            until_stopped.wait(max(begin + storm_seconds - time.monotonic(), 0))
        finally:
            self._ended.set()
            self._wake_all()

    def wait(self, until_stopped):
        """Wait until every service that was hit is there again."""
        deadline = time.monotonic() + BACK_SECONDS
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline and not until_stopped.is_set():
                thread.join(_LOOK_SECONDS)

    def _start(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _inject(self, fault):
        if fault.service in self._foreign:
            self._inject_foreign(fault)
            return
        pid = record.load(self._state_path).processes[fault.service]
        if not processes.alive(pid):
            # It is between its end and its next start.
            return
        began = time.monotonic()
        self._count(fault)
        if fault.kind == plan.STOP:
            self._stop(pid, fault.seconds)
        else:
            self._signal(pid, signal.SIGKILL if fault.kind == plan.KILL else signal.SIGTERM)
            self._wait_restarted(fault.service, pid)
        self._wait_answering(fault.service)
        self._ledger.note_outage(fault.service, began, time.monotonic())

    def _count(self, fault):
        self.counts[fault.service, fault.kind] += 1
        self._say(str(fault))

    def _stop(self, group, seconds):
        self._stopped_groups.add(group)
        self._signal(group, signal.SIGSTOP)
        self._ended.wait(seconds)
        self._signal(group, signal.SIGCONT)
        self._stopped_groups.discard(group)

    def _wake_all(self):
        for group in list(self._stopped_groups):
            self._signal(group, signal.SIGCONT)

    def _signal(self, group, number):
        with contextlib.suppress(ProcessLookupError):
            # The group: a service with the workers that it may have.
            os.killpg(group, number)

    def _wait_restarted(self, service, old_pid):
        self._wait_for(lambda: self._pid(service) != old_pid, f"{service} was not started again")

    def _pid(self, service):
        found = record.load(self._state_path)
        return found.processes[service] if found else None

    def _wait_answering(self, service):
        url = record.load(self._state_path).api_urls.get(service)
        if url:
            answers = lambda: door.ask(service, url, "GET", "/", timeout_seconds=5).given  # noqa: E731
            self._wait_for(answers, f"{service} did not answer again")

    def _wait_for(self, condition, complaint):
        deadline = time.monotonic() + BACK_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                self._ledger.blame(f"{complaint} within {BACK_SECONDS} s.")
                return
            time.sleep(_LOOK_SECONDS)

    def _inject_foreign(self, fault):
        began = time.monotonic()
        self._count(fault)
        if fault.kind == plan.LOCK:
            self._foreign[fault.service].lock(lambda: self._ended.wait(fault.seconds))
        else:
            self._foreign[fault.service].cut()
        self._ledger.note_outage(fault.service, began, time.monotonic())
