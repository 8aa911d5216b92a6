# SPDX-License-Identifier: Apache-2.0
"""What the customers asked, what they were answered, and which answers break a promise."""

import collections
import dataclasses
import threading

from minova.chaos import door

# Clocks and queues of the kernel: a request may notice a fault so much later than it was made.
_SLACK_SECONDS = 2.0


@dataclasses.dataclass
class Server:
    """One server that was asked for, by the name that nobody else has."""

    name: str
    # Answer to the create; None while it is under way.
    created: door.Answer | None = None
    uuid: str = ""
    # Whether a delete was ever sent, and whether one was accepted.
    delete_sent: bool = False
    delete_accepted: bool = False
    # Ends: ACTIVE, SHUTOFF, ERROR, gone.
    status: str = ""
    built_seconds: float | None = None
    request_ids: list = dataclasses.field(default_factory=list)


class Ledger:
    """Safe to use from many threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.servers = {}
        # (method and kind of path, status) to number.
        self.answers = collections.Counter()
        # (sentence, names to look for in the logs).
        self.violations = []
        self._outages = collections.defaultdict(list)
        self._unanswered = []

    def add(self, server):
        with self._lock:
            self.servers[server.name] = server

    def note(self, answer, kind, allowed, server=None):
        """Count an answer; one that is neither among ``allowed`` nor excused is a violation."""
        with self._lock:
            self.answers[kind, answer.status] += 1
        if server and answer.request_id:
            server.request_ids.append(answer.request_id)
        if not answer.given:
            with self._lock:
                self._unanswered.append((answer, kind))
        elif answer.status == 503:
            if not answer.retry_after:
                self.blame(f"{_told(answer, kind)}: 503 without Retry-After.", answer.request_id)
        elif answer.status not in allowed:
            message = next(iter(answer.body.values()), {}) if answer.body else {}
            said = message.get("message", "") if isinstance(message, dict) else ""
            self.blame(f"{_told(answer, kind)} answered {answer.status}: {said}", answer.request_id)

    def note_outage(self, service, began, ended):
        """A service was hit at ``began`` and answered again at ``ended`` (time.monotonic())."""
        with self._lock:
            self._outages[service].append((began, ended))

    def blame(self, sentence, *traces):
        """Note a violation; ``traces`` are ids by which the logs tell more."""
        with self._lock:
            self.violations.append((sentence, tuple(filter(None, traces))))

    def judge_unanswered(self):
        """Requests that got no answer are excused while the API that they went to was hit, and not otherwise."""
        for answer, kind in self._unanswered:
            if not self.was_hit(answer.api, answer):
                seconds = answer.ended - answer.began
                what = f"{_told(answer, kind)} got no answer ({answer.status} after {seconds:.1f} s)"
                self.blame(f"{what}, and that API was not hit.")
        self._unanswered = []

    def was_hit(self, service, answer):
        """Whether a service was away while the request of an answer was under way, or just before."""
        return any(
            answer.began <= ended + _SLACK_SECONDS and answer.ended >= began
            for began, ended in self._outages[service]
        )


def _told(answer, kind):
    return f"{kind} ({answer.path}) at {answer.api}"
