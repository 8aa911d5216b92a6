# SPDX-License-Identifier: Apache-2.0
"""`minova chaos`: a storm on a minova of its own, and what it found."""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time

from minova.bench.deployment import DeploymentError
from minova.bench.scratch_database import scratch_database
from minova.chaos import report
from minova.chaos.storm import SERVICES, Settings, Storm
from minova.up import errors, settings

_KINDS = {"postgresql": "PostgreSQL", "mysql": "MariaDB", "mariadb": "MariaDB", "sqlite": "SQLite"}


def parser():
    chaos = argparse.ArgumentParser(
        prog="minova chaos",
        description="Start a minova of its own, have customers boot, stop, start, reboot and delete servers while its "
        "services are killed, stopped and restarted by a seed; then let it come to rest, check that nothing was lost "
        "and nothing is stuck, and say what was done and found. The exit code is 0 when nothing was found.",
    )
    chaos.add_argument(
        "--minutes",
        type=_positive,
        default=1.0,
        metavar="N",
        help="length of the storm (default: %(default)s)",
    )
    chaos.add_argument(
        "--rate",
        type=_positive,
        default=1.0,
        metavar="N",
        help="servers that are asked for in a second (default: %(default)s)",
    )
    chaos.add_argument(
        "--seed", type=int, metavar="N", help="of faults and customers (default: a new one, which is told)"
    )
    chaos.add_argument(
        "--fault-interval",
        type=_positive,
        default=4.0,
        metavar="SECONDS",
        help="mean time between two faults (default: %(default)s)",
    )
    chaos.add_argument(
        "--spare",
        type=_services,
        default=(),
        metavar="SERVICE,...",
        help="leave these alone, so that a long storm shows whether they stay level: "
        f"any of {', '.join(SERVICES)}",
    )
    chaos.add_argument(
        "--hosts",
        type=settings.positive,
        default=12,
        metavar="N",
        help="compute hosts (default: %(default)s)",
    )
    chaos.add_argument(
        "--transport-url",
        metavar="URL",
        help="a RabbitMQ, with a virtual host that nothing else uses; it is not killed itself (default: the "
        "embedded broker, which is)",
    )
    chaos.add_argument(
        "--database-connection",
        metavar="URL",
        help="SQLAlchemy URL of an empty database, which is empty again afterwards (default: SQLite)",
    )
    chaos.add_argument(
        "--state-path", metavar="DIR", help="a new directory for files and logs (default: a temporary one)"
    )
    chaos.add_argument(
        "--keep", action="store_true", help="keep the files and logs even if nothing was found"
    )
    return chaos


def run(args):
    """Exit code: 0 when nothing was found, 1 when something was or minova did not start, 130 after Ctrl-C."""
    seed = args.seed if args.seed is not None else random.randrange(1_000_000)
    directory = _directory(args.state_path)
    storm = Storm(_settings(args, seed, directory), _say)
    _introduce(storm.settings)
    with _interruptible(storm.interrupted):
        try:
            with scratch_database(args.database_connection):
                storm.run()
            failure = None
        except (DeploymentError, errors.UpError) as error:
            failure = error
    print("\n".join(report.lines(storm)), flush=True)
    if failure:
        print(f"minova chaos: {failure}", file=sys.stderr)
    code = 130 if storm.interrupted.is_set() else int(bool(failure or storm.ledger.violations))
    _clean_up(args, seed, directory, code)
    return code


def _settings(args, seed, directory):
    return Settings(
        seed=seed,
        storm_seconds=args.minutes * 60,
        rate=args.rate,
        hosts=args.hosts,
        fault_interval_seconds=args.fault_interval,
        state_path=os.path.join(directory, "state"),
        transport_url=args.transport_url,
        database_connection=args.database_connection,
        spared=args.spare,
    )


def _directory(state_path):
    if state_path is None:
        return tempfile.mkdtemp(prefix="minova-chaos-")
    os.makedirs(state_path, exist_ok=True)
    return os.path.abspath(state_path)


def _introduce(wanted):
    bus = settings.without_password(wanted.transport_url) if wanted.transport_url else "the embedded broker"
    scheme = (wanted.database_connection or "sqlite").partition(":")[0].partition("+")[0]
    _say(
        f"minova chaos: {wanted.storm_seconds / 60:g} min, seed {wanted.seed}, {wanted.rate:g} servers a second, "
        f"{wanted.hosts} hosts, {bus}, {_KINDS.get(scheme, scheme)}."
    )
    for url, server in (
        (wanted.transport_url, wanted.broker_server),
        (wanted.database_connection, wanted.database_server),
    ):
        if url and server:
            _say(f"{server.name} is not ours: it is not killed; connections to it are cut.")
    if wanted.transport_url and not wanted.broker_server:
        _say("The broker is not ours: it is not killed, and without rabbitmqctl no connections are cut.")


def _clean_up(args, seed, directory, code):
    if code == 0 and not args.keep:
        shutil.rmtree(directory)
        return
    _say(f"Files and logs are kept in {directory}; --seed {seed} plans the same faults again.")


@contextlib.contextmanager
def _interruptible(interrupted):
    """The first Ctrl-C or SIGTERM lets the storm end in order."""
    old = {n: signal.signal(n, lambda *_: interrupted.set()) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _say(text):
    # In one piece: several threads tell of faults.
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def _services(text):
    names = tuple(text.split(","))
    if unknown := set(names) - set(SERVICES):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: there is {', '.join(SERVICES)}")
    return names


def _positive(text):
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return number
