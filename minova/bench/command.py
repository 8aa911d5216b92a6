# SPDX-License-Identifier: Apache-2.0
"""`minova bench`: which measurements are made, on which deployments, in which order."""

import argparse
import contextlib
import json
import os
import sys
import tempfile

from minova.bench import brokers, children, clients, connection, measure, reconnect, terminal, tracing
from minova.bench import report as reports
from minova.bench.deployment import Deployment, DeploymentError
from minova.bench.floor import Floor
from minova.bench.scratch_database import scratch_database
from minova.up import errors, settings

MEASUREMENTS = (
    "start",
    "lone",
    "boots",
    "floor",
    "show",
    "detail",
    "memory",
    "messages",
    "deletes",
    "burst",
    "one-host",
    "hosts-memory",
    "broker",
    "trace",
    "terminal",
)
# Takes as long as the others together, so it is made where it is named.
ON_DEMAND = ("reconnect",)
# Needs no minova.
_WITHOUT_MINOVA = {"broker", "reconnect", "trace", "terminal"}
_FAILURES = (
    errors.UpError,
    DeploymentError,
    children.ChildError,
    clients.ClientsError,
    tracing.TracingError,
    connection.HttpError,
)
WARM_UP_BOOTS = 16
FURTHER_HOSTS = 500


def parser():
    bench = argparse.ArgumentParser(
        prog="minova bench",
        description="Start a minova of its own in a temporary directory, measure it, stop it, and show the "
        "figures beside their aims and beside what real Nova reached. docs/benchmarks.md explains them.",
    )
    bench.add_argument(
        "--transport-url",
        metavar="URL",
        help="a RabbitMQ, with a virtual host that nothing else uses (default: the embedded broker)",
    )
    bench.add_argument(
        "--database-connection",
        metavar="URL",
        help="SQLAlchemy URL of an empty database, which is empty again afterwards (default: SQLite)",
    )
    bench.add_argument("--hosts", type=settings.positive, default=8, metavar="N", help="default: %(default)s")
    bench.add_argument(
        "--clients", type=settings.positive, default=8, metavar="N", help="default: %(default)s"
    )
    bench.add_argument(
        "--boots",
        type=_boots,
        default=240,
        metavar="N",
        help="boots of each measurement that boots (default: %(default)s; lone ones at most "
        f"{measure.LONE_BOOTS_MOST})",
    )
    bench.add_argument(
        "--only",
        type=_names,
        default=MEASUREMENTS,
        metavar="NAME,...",
        help=f"measure only these: {', '.join(MEASUREMENTS)}; {', '.join(ON_DEMAND)} (default: all before the "
        "semicolon)",
    )
    bench.add_argument(
        "--json", metavar="FILE", help="write the figures there, too; - is the standard output"
    )
    return bench


def run(args):
    """Exit code: 0 when everything was measured, whether the aims are reached or not; 1 when something failed."""
    report = reports.Report(_setting(args))
    try:
        Run(args, report).run()
        failure = None
    except _FAILURES as error:
        failure = error
    _show(report, args.json)
    if failure:
        print(f"minova bench: {failure}", file=sys.stderr)
    return 1 if failure else 0


class Run:
    """The deployments of one run, each on a state path of its own."""

    def __init__(self, args, report):
        self._args = args
        self._only = args.only
        self._report = report

    def run(self):
        with tempfile.TemporaryDirectory(prefix="minova-bench-") as self._directory:
            if set(self._only) - _WITHOUT_MINOVA:
                self._run_deployments()
            self._measure("broker", self._compare_brokers)
            self._measure("reconnect", reconnect.measure, self._report, self._directory)
            self._measure("trace", tracing.measure, self._report, self._directory)
            self._measure("terminal", terminal.measure, self._report, self._directory)

    def _run_deployments(self):
        with scratch_database(self._args.database_connection):
            few_pss_bytes = self._run_main()
        if "one-host" in self._only:
            with scratch_database(self._args.database_connection), self._bench("one", 1) as bench:
                self._warm_up(bench)
                self._measure("one-host", measure.one_host, bench)
        if few_pss_bytes:
            with (
                scratch_database(self._args.database_connection),
                self._bench("many", self._args.hosts + FURTHER_HOSTS) as bench,
            ):
                say("hosts-memory")
                # As before the other measurement of memory.
                bench.boot(1)
                measure.further_hosts_memory(bench, self._args.hosts, few_pss_bytes)

    def _run_main(self):
        """PSS bytes of a minova that has just started, where that is wanted."""
        few_pss_bytes = None
        if {"start", "hosts-memory"} & set(self._only):
            with self._bench("main", self._args.hosts) as bench:
                self._measure("start", measure.first_active, bench, "start_fresh")
                if "hosts-memory" in self._only:
                    few_pss_bytes = measure.own_pss_bytes(bench.deployment)
        with self._bench("main", self._args.hosts) as bench:
            self._measure("start", measure.first_active, bench, "start_again")
            self._run_measurements(bench)
        return few_pss_bytes

    def _run_measurements(self, bench):
        if {"lone", "boots"} & set(self._only):
            self._warm_up(bench)
        self._measure("lone", measure.lone, bench)
        self._measure_boots(bench)
        self._measure("show", measure.show, bench)
        self._measure("detail", measure.detail, bench)
        self._measure("memory", measure.memory, bench)
        self._measure("messages", measure.count_messages, bench)
        self._measure("deletes", measure.deletes, bench)
        self._measure("burst", measure.burst, bench)

    def _measure_boots(self, bench):
        if "floor" not in self._only:
            self._measure("boots", measure.boots, bench)
            return
        with Floor(bench.deployment.transport_url, bench.clients) as floor:
            # The first messages pay for connections and queues.
            floor.run(WARM_UP_BOOTS)
            if "boots" in self._only:
                say("boots and floor, in turns")
                measure.boots(bench, a_floor=floor)
            else:
                self._measure("floor", measure.floor_alone, bench, floor)

    def _compare_brokers(self):
        brokers.compare(self._report, self._args.transport_url, self._args.clients, self._directory)

    def _measure(self, name, function, *arguments):
        if name in self._only:
            say(name)
            function(*arguments)

    def _warm_up(self, bench):
        bench.boot(WARM_UP_BOOTS)

    @contextlib.contextmanager
    def _bench(self, name, hosts):
        say(f"minova up with {hosts} hosts")
        urls = self._args.transport_url, self._args.database_connection
        with Deployment(os.path.join(self._directory, name), hosts, *urls) as deployment:
            body = measure.server_body(deployment)
            yield measure.Bench(deployment, self._report, self._args.clients, self._args.boots, body)


def say(text):
    """News for whoever waits, apart from the report."""
    print(f"... {text}", file=sys.stderr, flush=True)


def _boots(text):
    number = settings.positive(text)
    if number > clients.MOST_TICKETS:
        raise argparse.ArgumentTypeError(f"{number} is more than {clients.MOST_TICKETS}")
    return number


def _names(text):
    names = tuple(text.split(","))
    known = (*MEASUREMENTS, *ON_DEMAND)
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there is {', '.join(known)}")
    return names


def _setting(args):
    broker = settings.without_password(args.transport_url) if args.transport_url else "embedded"
    database = settings.without_password(args.database_connection) if args.database_connection else "SQLite"
    return {
        "broker": broker,
        "database": database,
        "hosts": args.hosts,
        "clients": args.clients,
        "boots": args.boots,
    }


def _show(report, json_path):
    if json_path != "-":
        print(report.text())
    if json_path:
        with (
            open(json_path, "w", encoding="utf-8")
            if json_path != "-"
            else contextlib.nullcontext(sys.stdout) as output
        ):
            json.dump(report.as_dict(), output, indent=1)
            output.write("\n")
