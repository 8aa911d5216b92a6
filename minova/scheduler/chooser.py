# SPDX-License-Identifier: Apache-2.0
"""Chooses hosts for the instances of one request, in memory: filter, weigh, count as used, once more."""

import dataclasses

import minova.conf
from minova import objects
from minova.scheduler import plain_request_spec, weights
from minova.scheduler.filters import claim_filter

CONF = minova.conf.CONF
_REASONS_KEPT = 100
_WEIGHTS_KEPT = 20


@dataclasses.dataclass(frozen=True)
class Choice:
    """What was chosen for one instance: its host and alternates, best first; none when no host is left.

    ``decision`` says how: see docs/scheduler.md for its shape.
    """

    selections: list
    decision: dict

    @property
    def host(self):
        return self.selections[0].host if self.selections else None


class Chooser:
    """:param chance: a random.Random, which decides between equals."""

    def __init__(self, filters, weighers, chance):
        # Without the last one, hosts could be chosen that no claim can ever be made on.
        self._filters = [*filters, claim_filter.ClaimFilter()]
        self._weighers = weighers
        self._chance = chance

    def choose(self, hosts, request_spec, count):
        """A Choice for each of ``count`` instances; ``hosts`` are changed to hold what was chosen."""
        plain_spec = plain_request_spec.from_object(request_spec)
        sieve = _Sieve(self._filters, hosts, plain_spec)
        return [self._choose_one(sieve, plain_spec) for _ in range(count)]

    def _choose_one(self, sieve, request_spec):
        weighed = weights.find_best(
            self._weighers, sieve.passed, request_spec, self._chance, _weights_needed()
        )
        chosen = self._pick(weighed)
        selections = [objects.Selection(host=each.host.host, weight=each.weight) for each in chosen]
        choice = Choice(selections, _describe(sieve, weighed, selections))
        if chosen:
            chosen[0].host.consume(request_spec)
            sieve.filter_again(chosen[0].host)
        return choice

    def _pick(self, weighed):
        """One of the best, then as many alternates as there may be further attempts."""
        if not weighed:
            return []
        first = self._chance.choice(weighed[: CONF.scheduler.host_subset_size])
        others = [each for each in weighed if each is not first]
        return [first, *others[: CONF.scheduler.max_attempts - 1]]


def _weights_needed():
    return max(_WEIGHTS_KEPT, CONF.scheduler.host_subset_size, CONF.scheduler.max_attempts)


class _Sieve:
    """The hosts that pass all filters, and by filter those that do not."""

    def __init__(self, filters, hosts, request_spec):
        self._filters = filters
        self._request_spec = request_spec
        self.considered = len(hosts)
        self.passed = hosts
        self.refused = {a_filter.name: _Refused() for a_filter in filters}
        for a_filter in filters:
            self.passed = self._filter(a_filter, self.passed)

    def filter_again(self, host):
        """Take ``host`` away if it no longer passes; no other host has changed."""
        for a_filter in self._filters:
            if not self._filter(a_filter, [host]):
                self.passed.remove(host)
                return

    def _filter(self, a_filter, hosts):
        passed = [host for host in hosts if a_filter.host_passes(host, self._request_spec)]
        if len(passed) < len(hosts):
            kept = set(map(id, passed))
            self._note_refused(a_filter, [host for host in hosts if id(host) not in kept])
        return passed

    def _note_refused(self, a_filter, hosts):
        refused = self.refused[a_filter.name]
        refused.count += len(hosts)
        for host in hosts[: _REASONS_KEPT - len(refused.reasons)]:
            refused.reasons[host.host] = a_filter.reason(host, self._request_spec)


@dataclasses.dataclass
class _Refused:
    count: int = 0
    reasons: dict = dataclasses.field(default_factory=dict)


def _describe(sieve, weighed, selections):
    hosts = [selection.host for selection in selections]
    return {
        "hosts": sieve.considered,
        "filters": [
            {"name": name, "removed": refused.count, "hosts": dict(refused.reasons)}
            for name, refused in sieve.refused.items()
        ],
        "left": len(sieve.passed),
        "weights": [
            {"host": each.host.host, "weight": each.weight, "weighers": each.by_weigher}
            for each in weighed[:_WEIGHTS_KEPT]
        ],
        "host": hosts[0] if hosts else None,
        "alternates": hosts[1:],
    }
