# SPDX-License-Identifier: Apache-2.0
"""How a thousand listeners come back to a broker that was away: stock oslo.messaging's and minova's, in one run."""

import bisect
import json
import os
import time

from minova.bench import children
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.figures import Figure

CONNECTIONS = 1000
# Of the connections; more would only share the same processors.
PROCESSES = 4
# {name in the figures: seconds without a broker}
OUTAGES = {"short": 5, "long": 20}
_KINDS = {"stock": False, "minova": True}


def measure(report, directory, connections=CONNECTIONS, outages=None):
    """Start the listeners, take their broker away, and note when they come back; add the figures.

    :raises DeploymentError: when the broker does not start.
    :raises children.ChildError: when a process of listeners fails.
    """
    for kind, is_minova in _KINDS.items():
        broker = EmbeddedBroker(directory)
        with Herd(broker.transport_url, connections, is_minova) as herd:
            with broker:
                herd.start()
            for outage, seconds in (outages or OUTAGES).items():
                herd.forget()
                time.sleep(seconds)
                with broker:
                    listens_since = time.monotonic()
                    moments = herd.arrivals()
                report.figures += figures(kind, outage, moments, listens_since)


def figures(kind, outage, moments, listens_since):
    """:param moments: of all arrivals, in order."""
    name = f"reconnect_{outage}_{kind}"
    return [
        Figure(f"{name}_tenth", most_within(moments, 0.1), f"of {len(moments)}"),
        Figure(f"{name}_second", most_within(moments, 1.0)),
        # That the broker listens is seen a moment late.
        Figure(f"{name}_all", max(0.0, moments[-1] - listens_since)),
    ]


def most_within(moments, seconds):
    """The most of the moments, which are in order, that fall into any interval of so many seconds."""
    return max(bisect.bisect_left(moments, begin + seconds) - n for n, begin in enumerate(moments))


class Herd:
    """Processes with listeners; ended on exit."""

    def __init__(self, transport_url, connections, is_minova):
        self._setting = {"transport_url": transport_url, "minova": is_minova, "topic": f"bench-{os.getpid()}"}
        self._connections = connections
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.terminate()

    def start(self):
        """Connect them all."""
        for number in range(PROCESSES):
            count = self._connections // PROCESSES
            setting = {**self._setting, "host": f"host{number}", "count": count}
            self._processes.append(children.Child("minova.bench.reconnect_process", setting))
        for process in self._processes:
            process.line()

    def forget(self):
        for process in self._processes:
            process.ask("forget")

    def arrivals(self):
        """When each connection was begun since, in order; waits until all are back."""
        return sorted(moment for process in self._processes for moment in json.loads(process.ask("arrivals")))
