# SPDX-License-Identifier: Apache-2.0
"""Of `minova fault`: what the simulated hypervisors are told to do badly (minova/virt/faults.py)."""

import argparse
import time

from minova.debug import client, options
from minova.virt import faults

# Options of `add` that only these faults have.
OPTIONS = ("error", "delay_only")


def describe_add(add):
    add.add_argument(
        "hypervisor_method",
        metavar="METHOD",
        nargs="?",
        help=f"of the hypervisors: * or one of {', '.join(faults.METHODS)}",
    )
    add.add_argument(
        "object", nargs="?", default="*", help="INSTANCE, @HOST or INSTANCE@HOST, with * and ? (default: *)"
    )
    group = add.add_argument_group("what happens to hypervisors")
    group.add_argument("--error", metavar="TEXT", help=f"what they say (default: {faults.FaultRule.error})")
    group.add_argument("--delay-only", action="store_true", help="the operation is slow but succeeds")


def add(args, state_path):
    """The line of the new rule.

    :raises exception.Invalid: when it makes no sense
    """
    error = faults.FaultRule.error if args.error is None else args.error
    rule = faults.FaultRule(
        method=args.hypervisor_method,
        object=args.object,
        probability=args.probability,
        delay="0" if args.delay is None else _delay(args.delay),
        error=None if args.delay_only else error,
        skip=args.skip,
        maximum=args.count,
        expires_at=None if args.expires is None else time.time() + args.expires,
    )
    return _line(faults.add_fault(state_path, rule))


def lines(state_path):
    return [_line(rule) for rule in faults.list_faults(state_path)]


def clear(state_path, rule_id):
    """How many were cleared; None means all.

    :raises client.DebugError: when there is none of this number
    """
    cleared = faults.clear_faults(state_path, rule_id)
    if rule_id is not None and not cleared:
        raise client.DebugError(f"There is no fault {rule_id} of the hypervisors.")
    return cleared


def _delay(text):
    """A duration of minova/virt/delays.py; `2s` is one, too."""
    try:
        return f"{options.seconds(text):g}"
    except argparse.ArgumentTypeError:
        return text


def _line(rule):
    parts = [f"{rule.id}: {rule.method} {rule.object}"]
    parts += [f"probability {rule.probability:g}"] if rule.probability != 1 else []
    parts += [f"delay {rule.delay}"] if rule.delay != "0" else []
    parts += [f"error '{rule.error}'"] if rule.error is not None else []
    parts += [f"skip {rule.skip}"] if rule.skip else []
    parts += [f"maximum {rule.maximum}"] if rule.maximum is not None else []
    parts += [options.time_left(rule.expires_at)] if rule.expires_at is not None else []
    return ", ".join([*parts, f"struck {rule.strikes} of {rule.hits}"])
