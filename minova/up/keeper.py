# SPDX-License-Identifier: Apache-2.0
"""Starts services that ended once more, after a pause that grows, and keeps the record of it for `minova status`."""

import collections
import os
import time

from minova.up import output, record
from minova.up.backoff import Backoff
from minova.up.process import outcome
from minova.up.supervisor import ended_sentence


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

    def look(self):
        """Tell what ended since the last look, and start what is due. Never waits for a pause to pass."""
        for process in self._supervisor.newly_ended():
            self._on_end(process)
        for service, (process, moment) in list(self._due.items()):
            if moment <= self._clock():
                del self._due[service]
                self._restart(process)

    def _on_end(self, process):
        # Workers that it left behind may finish what they have in hand until it is started again.
        process.terminate_workers()
        if self._restart_wanted:
            self._plan_start(process, ended_sentence(process))
        else:
            self._note_end(process, None)
            self._say(f"{ended_sentence(process)} It stays dead (--no-restart); the other services go on.")

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

    def _note_end(self, process, restart_at):
        end = {"outcome": outcome(process.exit_code), "restart_at": restart_at}
        self._record.ended[process.service] = end
        record.save(self._record)

    def _say(self, sentence):
        self._supervisor.screen.say(sentence, trouble=True)
