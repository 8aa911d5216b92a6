# SPDX-License-Identifier: Apache-2.0
"""`minova fault`: tell running hypervisors what to do badly."""

import argparse
import sys
import time

from minova import exception
from minova.up import settings
from minova.virt import faults


def parser():
    fault = argparse.ArgumentParser(
        prog="minova fault", description="Rules by which the simulated hypervisors fail or dawdle, at once."
    )
    actions = fault.add_subparsers(dest="action", required=True)
    _describe_add(actions.add_parser("add", help="put a rule into force"))
    settings.add_state_path(actions.add_parser("list", help="show all rules, with what they did"))
    clear = actions.add_parser("clear", help="take one rule away, or all")
    clear.add_argument("id", type=int, nargs="?", help="the rule (default: all)")
    settings.add_state_path(clear)
    return fault


def run(args):
    """Exit code: 0, or 1 when the rule makes no sense or the store cannot be used."""
    actions = {"add": _add, "list": _list, "clear": _clear}
    try:
        actions[args.action](args, settings.state_path(args.state_path))
    except exception.MinovaException as err:
        print(f"minova fault: {err.message}", file=sys.stderr)
        return 1
    return 0


def _describe_add(add):
    add.add_argument("method", help=f"* or one of {', '.join(faults.METHODS)}")
    add.add_argument(
        "object", nargs="?", default="*", help="INSTANCE, @HOST or INSTANCE@HOST, with * and ? (default: *)"
    )
    add.add_argument("--probability", type=float, default=1.0, metavar="P", help="0 to 1 (default: 1)")
    add.add_argument("--delay", default="0", metavar="DURATION", help="seconds, or uniform:1,3 and the like")
    add.add_argument("--error", default=faults.FaultRule.error, metavar="TEXT", help="what the failure says")
    add.add_argument("--delay-only", action="store_true", help="the operation is slow but succeeds")
    add.add_argument("--skip", type=int, default=0, metavar="N", help="let the first N operations pass")
    add.add_argument("--maximum", type=int, metavar="N", help="end after N strikes")
    add.add_argument("--expires-in", type=float, metavar="SECONDS", help="end after so many seconds")
    settings.add_state_path(add)


def _add(args, state_path):
    rule = faults.FaultRule(
        method=args.method,
        object=args.object,
        probability=args.probability,
        delay=args.delay,
        error=None if args.delay_only else args.error,
        skip=args.skip,
        maximum=args.maximum,
        expires_at=None if args.expires_in is None else time.time() + args.expires_in,
    )
    print(_line(faults.add_fault(state_path, rule)))


def _list(args, state_path):
    for rule in faults.list_faults(state_path):
        print(_line(rule))


def _clear(args, state_path):
    print(f"{faults.clear_faults(state_path, args.id)} cleared")


def _line(rule):
    parts = [f"{rule.id}: {rule.method} {rule.object}"]
    parts += [f"probability {rule.probability:g}"] if rule.probability != 1 else []
    parts += [f"delay {rule.delay}"] if rule.delay != "0" else []
    parts += [f"error '{rule.error}'"] if rule.error is not None else []
    parts += [f"skip {rule.skip}"] if rule.skip else []
    parts += [f"maximum {rule.maximum}"] if rule.maximum is not None else []
    parts += [_time_left(rule.expires_at - time.time())] if rule.expires_at is not None else []
    return ", ".join([*parts, f"struck {rule.strikes} of {rule.hits}"])


def _time_left(seconds):
    return f"expires in {seconds:.0f} s" if seconds > 0 else "expired"
