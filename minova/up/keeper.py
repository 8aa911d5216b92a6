# SPDX-License-Identifier: Apache-2.0
"""Starts services that ended once more, after a pause that grows, and keeps the record of it for `minova status`.

A service that was told to stop (orders.py) stays as it is until it is told to start.
"""

import collections
import dataclasses
import os
import time

from minova.up import output, record
from minova.up.backoff import Backoff
from minova.up.process import outcome
from minova.up.supervisor import STOP_SECONDS, ended_sentence


@dataclasses.dataclass
class _AskedToStop:
    """A service that was told to stop and has not ended yet."""

    process: object
    # When it is killed.
    deadline: float
    start_again: bool


class Keeper:
    """Looks after the services of one `minova up` once it is ready.

    :param found: the record, which it changes and saves.
    :param restart: False leaves a service dead that ended.
    :param clock: seconds, of the same clock as the ``started`` of the processes.
    """

    def __init__(self, supervisor, found, log_path, restart=True, clock=time.monotonic):
        self._supervisor = supervisor
        self._record = found
        self._log_path = log_path
        self._restart_wanted = restart
        self._clock = clock
        self._backoffs = collections.defaultdict(Backoff)
        # Ended process by service, with the moment of its next start.
        self._due = {}
        self._asked = {}

    def look(self):
        """Tell what ended since the last look, and start what is due. Never waits for a pause to pass."""
        for process in self._supervisor.newly_ended():
            self._on_end(process)
        for asked in self._asked.values():
            self._kill_when_late(asked)
        for service, (process, moment) in list(self._due.items()):
            if moment <= self._clock():
                del self._due[service]
                self._restart(process)

    def stop(self, process, start_again=False):
        """End a service in good order, by force when it does not; it stays dead unless ``start_again``."""
        if not process.told:
            self._asked[process.service] = _AskedToStop(process, self._clock() + STOP_SECONDS, start_again)
            process.terminate()
        elif start_again:
            self.start(process)
        else:
            self._due.pop(process.service, None)
            self._note_end(process, None, by_user=True)

    def start(self, process):
        """Start a service that ended, at the next look; one that is still stopping, once it has ended."""
        if asked := self._asked.get(process.service):
            asked.start_again = True
        elif process.exit_code is not None:
            self._start_now(process)

    @property
    def restarts_what_ends(self):
        return self._restart_wanted

    def is_stopping(self, process):
        return process.service in self._asked

    def _on_end(self, process):
        # Workers that it left behind may finish what they have in hand until it is started again.
        process.terminate_workers()
        asked = self._asked.pop(process.service, None)
        if asked and asked.start_again:
            self._start_now(process)
        elif asked:
            self._note_end(process, None, by_user=True)
            self._supervisor.screen.say(f"{ended_sentence(process)} It was told to stop, and stays so.")
        elif self._restart_wanted:
            self._plan_start(process, ended_sentence(process))
        else:
            self._note_end(process, None)
            self._say(f"{ended_sentence(process)} It stays dead (--no-restart); the other services go on.")

    def _kill_when_late(self, asked):
        if self._clock() >= asked.deadline:
            asked.deadline = self._clock() + STOP_SECONDS
            self._say(f"Killed {asked.process.service}, not stopped after {STOP_SECONDS} s.")
            asked.process.kill()

    def _start_now(self, process):
        self._due[process.service] = process, self._clock()
        self._note_end(process, time.time())

    def _plan_start(self, process, what_happened):
        now, backoff = self._clock(), self._backoffs[process.service]
        delay_seconds = backoff.next_delay_seconds(now - process.started)
        self._due[process.service] = process, now + delay_seconds
        self._note_end(process, time.time() + delay_seconds)
        sentence = f"{what_happened} Restart in {delay_seconds} s."
        if backoff.ends_in_a_row > 1:
            log = os.path.join(self._log_path, output.file_name(process.service))
            sentence += f" This was end {backoff.ends_in_a_row} in a row; see {log}."
        self._say(sentence)

    def _restart(self, process):
        try:
            started = self._supervisor.restart(process)
        except OSError as err:
            self._plan_start(process, f"{process.service} cannot be started: {err.strerror}.")
            return
        service = process.service
        self._record.processes[service] = started.pid
        self._record.restarts[service] = self._record.restarts.get(service, 0) + 1
        del self._record.ended[service]
        record.save(self._record)
        self._supervisor.screen.say(f"Started {service} again (pid {started.pid}).")

    def _note_end(self, process, restart_at, by_user=False):
        end = {"outcome": outcome(process.exit_code), "restart_at": restart_at, "by_user": by_user}
        self._record.ended[process.service] = end
        record.save(self._record)

    def _say(self, sentence):
        self._supervisor.screen.say(sentence, trouble=True)
