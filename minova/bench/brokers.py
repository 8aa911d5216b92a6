# SPDX-License-Identifier: Apache-2.0
"""What oslo.messaging's calls and casts cost the embedded broker and a RabbitMQ, measured in turns in one run."""

import dataclasses
import json
import os
import time

from minova.bench import accounting, children
from minova.bench.deployment import LOCAL
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.figures import Figure, ratio
from minova.up import external_broker, ports, settings

EMBEDDED = "embedded"
RABBITMQ = "RabbitMQ"
OPERATIONS = ("call", "cast")
# So long that what a broker does by its timers is spread over thousands of messages, on both brokers the same.
TURN_SECONDS = 4
ROUNDS = 3
WARM_UP_SECONDS = 1
# What RabbitMQ's port belongs to: the virtual machine of Erlang.
_RABBITMQ_PROCESS = "beam.smp"
_SERVER = "host1"


@dataclasses.dataclass
class Work:
    """What was done of one operation on one broker, over all its turns."""

    count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, count, seconds, cpu_seconds):
        self.count += count
        self.seconds += seconds
        self.cpu_seconds += cpu_seconds

    @property
    def cpu_ms_each(self):
        return ratio(self.cpu_seconds * 1000, self.count)

    @property
    def rate(self):
        return ratio(self.count, self.seconds)


def compare(report, transport_url, threads, directory, turn_seconds=TURN_SECONDS, rounds=ROUNDS):
    """Measure both brokers, and add the figures; a remark where there is no RabbitMQ to compare with.

    :param threads: of the client, each with one message on its way.
    :raises DeploymentError: when the embedded broker does not start.
    :raises children.ChildError: when a server or client fails.
    :raises errors.UpError: when RabbitMQ lets nobody in.
    """
    member = rabbitmq_member(transport_url) if transport_url else None
    if member is None:
        report.remarks.append(
            "The brokers are not compared: that takes a --transport-url of a RabbitMQ whose processes run on this "
            "machine, where /proc tells of their CPU."
        )
        return
    rabbit_options = external_broker.rabbit_options(transport_url)
    with (
        EmbeddedBroker(directory) as broker,
        Pair(broker.transport_url, threads) as own,
        Pair(transport_url, threads, rabbit_options) as other,
    ):
        sides = {EMBEDDED: (own, broker.member), RABBITMQ: (other, member)}
        report.figures += figures(_measure(sides, turn_seconds, rounds), _idle(sides, turn_seconds))


def figures(work, idle_ms):
    """:param work: {(operation, broker): Work}.
    :param idle_ms: {broker: CPU ms per second without messages}.
    """
    found = []
    for operation in OPERATIONS:
        own, other = work[operation, EMBEDDED], work[operation, RABBITMQ]
        found += [
            Figure(f"broker_{operation}", own.cpu_ms_each, f"{own.count} {operation}s"),
            Figure(f"rabbitmq_{operation}", other.cpu_ms_each, f"{other.count} {operation}s"),
            Figure(f"broker_{operation}_ratio", ratio(own.cpu_ms_each, other.cpu_ms_each)),
            Figure(f"broker_{operation}s", own.rate),
            Figure(f"rabbitmq_{operation}s", other.rate),
        ]
    return [
        *found,
        Figure("broker_idle", idle_ms[EMBEDDED]),
        Figure("rabbitmq_idle", idle_ms[RABBITMQ], "with all others who use it"),
    ]


def rabbitmq_member(transport_url, stats=None, owner=ports.owner):
    """Predicate on a ProcessStat for accounting.py; None where no process of a RabbitMQ is found on this machine."""
    host, port = settings.addresses(transport_url)[0]
    if host not in LOCAL or not accounting.supported():
        return None
    # The owner is found out only by who may look at others' processes.
    pid = owner(port)
    stats = accounting.table() if stats is None else stats
    pids = {stat.pid for stat in stats if stat.name == _RABBITMQ_PROCESS and pid in (None, stat.pid)}
    return (lambda stat: stat.pid in pids) if pids else None


class Pair:
    """A server and a client on one broker, ready on entry, gone on exit with what they declared."""

    def __init__(self, transport_url, threads, rabbit_options=None):
        # Names of its own: others, or an earlier run that was killed, may use the virtual host.
        name = f"minova-bench-{os.getpid()}"
        self._setting = {
            "transport_url": transport_url,
            "exchange": name,
            "topic": f"{name}-echo",
            "server": _SERVER,
            "threads": threads,
            "rabbit_options": rabbit_options or {},
        }
        self._processes = []
        self._reply_queues = []

    def __enter__(self):
        try:
            self._start("server").line()
            self._client = self._start("client")
            self._reply_queues.append(self._client.line())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop()
        children.delete(self._setting["transport_url"], self.queues(), self.exchange)

    @property
    def exchange(self):
        return self._setting["exchange"]

    def queues(self):
        """Those that do not go with the processes."""
        topic = self._setting["topic"]
        return [topic, f"{topic}.{_SERVER}", *self._reply_queues]

    def work(self, operation, seconds):
        """{count, seconds} of what the client did."""
        return json.loads(self._client.ask(f"{operation} {seconds}"))

    def _start(self, role):
        process = children.Child("minova.bench.broker_process", {**self._setting, "role": role})
        self._processes.append(process)
        return process


def _measure(sides, turn_seconds, rounds):
    """{(operation, broker): Work}, in turns, so that both brokers meet the same machine."""
    work = {(operation, name): Work() for operation in OPERATIONS for name in sides}
    for operation, name in work:
        sides[name][0].work(operation, min(WARM_UP_SECONDS, turn_seconds))
    for _ in range(rounds):
        for (operation, name), total in work.items():
            pair, member = sides[name]
            with accounting.CpuMeter({name: member}) as meter:
                done = pair.work(operation, turn_seconds)
            total.add(done["count"], done["seconds"], meter.spent_seconds[name])
    return work


def _idle(sides, seconds):
    """{broker: CPU ms per second} of what its timers do, and whoever else uses it."""
    with accounting.CpuMeter({name: member for name, (_, member) in sides.items()}) as meter:
        time.sleep(seconds)
    return meter.milliseconds_each(seconds)
