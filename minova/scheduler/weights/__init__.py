# SPDX-License-Identifier: Apache-2.0
"""Weighers: which of the hosts that pass is best. One module each; see docs/scheduler.md to add one."""

import dataclasses
import heapq


class BaseHostWeigher:
    """A weigher measures one host. What it measures is scaled to 0 (the least of all hosts) to 1 (the most)
    and multiplied: a positive multiplier prefers much, a negative one prefers little.
    """

    @property
    def name(self):
        return type(self).__name__

    def multiplier(self):
        return 1.0

    def weigh(self, host, request_spec):
        """A number of any scale for ``host`` (see host_manager.Host)."""
        raise NotImplementedError


@dataclasses.dataclass(slots=True)
class WeighedHost:
    """``by_weigher`` has the share of each weigher in ``weight``."""

    host: object
    weight: float
    by_weigher: dict


def find_best(weighers, hosts, request_spec, chance, count):
    """The ``count`` best of the hosts, best first; between equals ``chance`` (a random.Random) decides.

    With a fixed order among equals, several schedulers would all run after the same host.
    """
    by_weigher = {weigher.name: _weigh(weigher, hosts, request_spec) for weigher in weighers}
    sums = [sum(column) for column in zip(*by_weigher.values(), strict=True)] or [0.0] * len(hosts)
    ranks = [(weight, chance.random()) for weight in sums]
    best = heapq.nlargest(count, range(len(hosts)), key=ranks.__getitem__)
    return [
        WeighedHost(hosts[at], sums[at], {name: weights[at] for name, weights in by_weigher.items()})
        for at in best
    ]


def _weigh(weigher, hosts, request_spec):
    multiplier = weigher.multiplier()
    scaled = _scale([weigher.weigh(host, request_spec) for host in hosts])
    # Adding 0 makes a negative zero, which looks odd in a decision, a plain one.
    return [multiplier * value + 0.0 for value in scaled]


def _scale(values):
    """Shift and stretch to 0..1; all 0 where all are equal."""
    least, most = min(values, default=0), max(values, default=0)
    if least == most:
        return [0.0] * len(values)
    return [(value - least) / (most - least) for value in values]
