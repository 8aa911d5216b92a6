# SPDX-License-Identifier: Apache-2.0
"""Kills or stops a service at a chosen line of its work: a launcher that knows points, and its remote control.

    python tests/injection.py CONTROL_DIRECTORY CLOCK_SECONDS minova-conductor --config-file ...

runs a console script as it is, its clock CLOCK_SECONDS ahead. A point that is armed while it runs, in
one process or in several, fires once: that process sends itself SIGKILL or SIGSTOP before or after a call of the
named function. The product knows nothing of it. A process started again has no point armed.
"""

import contextlib
import dataclasses
import datetime
import functools
import importlib
import itertools
import json
import os
import pathlib
import signal
import sqlite3
import sys
import threading
import time

_LOOK_SECONDS = 0.01
_ARM_SECONDS = 60
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclasses.dataclass(frozen=True)
class Point:
    """Where and how a process ends or falls asleep.

    :param at: ``module:name`` of a function, or ``module:Class.name`` of a method.
    :param when: "before" or "after" a call of it.
    :param do: "kill" or "stop".
    :param nth: at which call after the arming.
    """

    at: str
    when: str
    do: str = "kill"
    nth: int = 1

    def __post_init__(self):
        # In the test's own process: a function that was renamed fails the test at once.
        _resolve(self.at)
        if self.when not in ("before", "after") or self.do not in _SIGNALS:
            raise ValueError(self)


class Control:
    """The test's end of a control directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()

    def arm(self, point, marker, sqlite_path=None):
        """Arm a point in the running process and wait until it is.

        :param marker: a file that who fires makes, with its process id in it; who finds it there does not fire.
        :param sqlite_path: the records, where they are an SQLite file. A process that is stopped while one of its
            threads writes there keeps all others from writing, so it is stopped between two writes.
        """
        (self.directory / "armed").unlink(missing_ok=True)
        draft = self.directory / "draft"
        draft.write_text(
            json.dumps([dataclasses.asdict(point), str(marker), sqlite_path and str(sqlite_path)])
        )
        draft.rename(self.directory / "order")
        deadline = time.monotonic() + _ARM_SECONDS
        while not (self.directory / "armed").exists():
            assert time.monotonic() < deadline, f"{point} was not armed in {_ARM_SECONDS} s"
            time.sleep(_LOOK_SECONDS)


def _resolve(at):
    """:returns: what holds the function, its name, and the function; an error when it does not exist."""
    module, _, path = at.partition(":")
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    return owner, name, getattr(owner, name)


def _obey_orders(directory):
    # A service takes its signals in a thread of its own, and blocks them in all others.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    order = directory / "order"
    while True:
        if order.exists():
            point, *how = json.loads(order.read_text())
            order.unlink()
            _arm(Point(**point), *how)
            (directory / "armed").touch()
        time.sleep(_LOOK_SECONDS)


def _arm(point, marker, sqlite_path):
    owner, name, function = _resolve(point.at)
    calls = itertools.count(1)

    def fire(call):
        if call == point.nth and _is_first(marker):
            setattr(owner, name, function)
            with _between_writes(sqlite_path if point.do == "stop" else None):
                # To this very thread: it must not run on until another has taken the signal.
                signal.pthread_kill(threading.get_ident(), _SIGNALS[point.do])

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        call = next(calls)
        if point.when == "before":
            fire(call)
        result = function(*args, **kwargs)
        if point.when == "after":
            fire(call)
        return result

    setattr(owner, name, wrapper)


@contextlib.contextmanager
def _between_writes(sqlite_path):
    if sqlite_path is None:
        yield
        return
    with contextlib.closing(sqlite3.connect(sqlite_path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        yield


def _is_first(marker):
    """Of all processes and threads that ask, the first alone, and it leaves its process id."""
    own = f"{marker}.{os.getpid()}.{threading.get_ident()}"
    pathlib.Path(own).write_text(str(os.getpid()))
    try:
        os.link(own, marker)
    except FileExistsError:
        return False
    return True


def _shift_clock(seconds):
    """Set this process's wall clock ahead, for Python code; the monotonic clock goes on as it was."""
    real_time, real = time.time, datetime.datetime
    time.time = lambda: real_time() + seconds

    class _Meta(type):
        def __instancecheck__(cls, value):
            return isinstance(value, real)

    class _Shifted(real, metaclass=_Meta):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + datetime.timedelta(seconds=seconds)

        @classmethod
        def utcnow(cls):
            return cls.now(datetime.UTC).replace(tzinfo=None)

    datetime.datetime = _Shifted


def main():
    directory, clock_seconds, script, *arguments = sys.argv[1:]
    if float(clock_seconds):
        _shift_clock(float(clock_seconds))
    sys.argv = [script, *arguments]
    module = importlib.import_module(f"minova.cmd.{script.removeprefix('minova-')}")
    threading.Thread(target=_obey_orders, args=(pathlib.Path(directory),), daemon=True).start()
    module.main()


if __name__ == "__main__":
    main()
