# SPDX-License-Identifier: Apache-2.0
"""Runs the checks beside one another, each with a deadline, so that one that hangs holds up no other."""

import dataclasses
import threading
import time

from minova.doctor.finding import error
from minova.trace.firehose import TraceError
from minova.up import errors


@dataclasses.dataclass(frozen=True)
class Check:
    """``look(patient)`` returns one Finding or a list of them."""

    name: str
    look: object
    seconds: float


@dataclasses.dataclass
class _Running:
    check: Check
    thread: threading.Thread | None = None
    findings: list | None = None


def examine(patient, checks):
    """[(name, findings)] in the order of the checks, after the longest of their deadlines at most."""
    begin = time.monotonic()
    running = [_start(patient, check) for check in checks]
    for one in running:
        one.thread.join(max(0, begin + one.check.seconds - time.monotonic()))
    return [(one.check.name, one.findings or [_late(one.check)]) for one in running]


def _start(patient, check):
    one = _Running(check)
    # A daemon: what waits for a broker that says nothing cannot be ended.
    one.thread = threading.Thread(target=_run, args=(patient, one), daemon=True)
    one.thread.start()
    return one


def _run(patient, one):
    try:
        found = one.check.look(patient)
    except (errors.UpError, TraceError) as err:
        found = error(f"This could not be looked at: {err}")
    except Exception as err:  # noqa: BLE001 - a check that fails is a finding
        found = error(f"This could not be looked at: {type(err).__name__}: {_first_line(err)}")
    one.findings = found if isinstance(found, list) else [found]


def _late(check):
    return error(
        f"No result within {check.seconds:g} s: what it asks gives no answer.",
        "See the other lines for what does not answer.",
    )


def _first_line(err):
    return str(err).strip().partition("\n")[0]
