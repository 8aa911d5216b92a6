# SPDX-License-Identifier: Apache-2.0
"""`minova fault`: break what the simulated hypervisors do, or the messages on the bus."""

import argparse
import os
import sys

from minova import exception
from minova.debug import client, hypervisor_faults, message_faults, options
from minova.trace.line import printable
from minova.up import errors, settings


def parser():
    fault = argparse.ArgumentParser(
        prog="minova fault",
        description="Rules that break things, at once. `minova fault add METHOD` is for the simulated hypervisors "
        "and stays until it is cleared; `minova fault add --drop --method M` and the like are for messages in the "
        "embedded broker, which forgets them when it restarts.",
    )
    actions = fault.add_subparsers(dest="action", required=True)
    _describe_add(actions.add_parser("add", help="put a rule into force"))
    settings.add_state_path(actions.add_parser("list", help="show all rules, with what they did"))
    clear = actions.add_parser("clear", help="take one rule away, or all of both kinds")
    clear.add_argument("id", type=_rule, nargs="?", help="the rule, such as 1 or m1 (default: all)")
    settings.add_state_path(clear)
    return fault


def run(args):
    """Exit code: 0, or 1 when the rule makes no sense or could not be put into force."""
    actions = {"add": _add, "list": _list, "clear": _clear}
    state_path = settings.state_path(args.state_path)
    try:
        if not os.path.isdir(state_path):
            raise client.DebugError(f"There is no state path {state_path}; name another with --state-path.")
        actions[args.action](args, state_path)
    except (client.DebugError, errors.UpError) as err:
        print(f"minova fault: {err}", file=sys.stderr)
        return 1
    except exception.MinovaException as err:
        print(f"minova fault: {err.message}", file=sys.stderr)
        return 1
    return 0


def _describe_add(add):
    hypervisor_faults.describe_add(add)
    message_faults.describe_add(add)
    group = add.add_argument_group("how often, and how long")
    group.add_argument(
        "--delay",
        metavar="DURATION",
        help="of an operation: seconds, or uniform:1,3 and the like, before it fails; of a message: 2s, 500ms, 1m",
    )
    group.add_argument("--probability", type=float, default=1.0, metavar="P", help="0 to 1 (default: 1)")
    group.add_argument(
        "--skip", type=int, default=0, metavar="N", help="let the first N pass (default: %(default)s)"
    )
    group.add_argument("--count", "--maximum", type=int, metavar="N", help="end after N strikes")
    group.add_argument(
        "--expires",
        "--expires-in",
        type=options.seconds,
        metavar="DURATION",
        help="end after so long: 60s, 10m",
    )
    settings.add_state_path(add)


def _add(args, state_path):
    _refuse_mixture(args)
    if args.hypervisor_method is not None:
        print(hypervisor_faults.add(args, state_path))
    else:
        print(message_faults.add(args))


def _list(args, state_path):
    lines = hypervisor_faults.lines(state_path) + message_faults.lines(args.state_path)
    print("\n".join(map(printable, lines)) or "There are no faults.")


def _clear(args, state_path):
    kind, number = args.id or (None, None)
    cleared = 0
    if kind != message_faults.PREFIX:
        cleared += hypervisor_faults.clear(state_path, number)
    if kind != "":
        cleared += message_faults.clear(args.state_path, number)
    print(f"{cleared} cleared")


def _refuse_mixture(args):
    """:raises client.DebugError: when options of both kinds are given"""
    of_other_kind = hypervisor_faults.OPTIONS if args.hypervisor_method is None else message_faults.OPTIONS
    wrong = [
        f"--{name.replace('_', '-')}" for name in of_other_kind if getattr(args, name) not in (None, False)
    ]
    if not wrong:
        return
    wrong = ", ".join(wrong).replace("--kinds", "--kind")
    if args.hypervisor_method is None:
        raise client.DebugError(f"{wrong}: only for hypervisors, of which a METHOD has to be named.")
    raise client.DebugError(
        f"{wrong}: only for messages, but METHOD {args.hypervisor_method} is of the hypervisors. "
        "A message's method is --method."
    )


def _rule(text):
    """(prefix, number) of a rule's id."""
    prefix = message_faults.PREFIX if text.startswith(message_faults.PREFIX) else ""
    number = text[len(prefix) :]
    if not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no rule such as 1 or m1")
    return prefix, int(number)
