# SPDX-License-Identifier: Apache-2.0
"""`minova hold`: have the broker hold messages back, so that they can be looked at before they arrive."""

import argparse
import json
import sys

from minova.debug import client, held, options
from minova.up import errors, settings


def parser():
    hold = argparse.ArgumentParser(
        prog="minova hold",
        description="Hold messages in their queue, on the embedded broker: they count as waiting there, others pass "
        "by. minova step lets one go. A broker that restarts forgets its holds.",
    )
    actions = hold.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="hold such messages from now on, and those that wait already")
    options.add_match(add)
    settings.add_state_path(add)
    show = actions.add_parser("list", help="show the holds, and the messages that are held")
    show.add_argument("--wait", type=options.seconds, default=0, metavar="DURATION", help=held.WAIT_HELP)
    show.add_argument("--json", action="store_true", help="one JSON object")
    settings.add_state_path(show)
    clear = actions.add_parser("clear", help="end one hold, or all; their messages go on")
    clear.add_argument("id", type=int, nargs="?", help="the hold (default: all)")
    settings.add_state_path(clear)
    return hold


def run(args):
    """Exit code: 0, or 1 when it could not be done."""
    actions = {"add": _add, "list": _list, "clear": _clear}
    try:
        actions[args.action](client.connect(args.state_path), args)
    except (client.DebugError, errors.UpError) as err:
        print(f"minova hold: {err}", file=sys.stderr)
        return 1
    return 0


def _add(debugger, args):
    match = options.match_of(args)
    if not match:
        raise client.DebugError("Say which messages, for example --method build_and_run_instance.")
    print(_line(debugger.add_hold(**match)))


def _list(debugger, args):
    messages = debugger.wait_for_held(args.wait)
    holds = debugger.holds()
    if args.json:
        print(json.dumps({"holds": holds, "held": messages}))
        return
    print("\n".join(map(_line, holds)) or "There are no holds.")
    for message in messages:
        print(f"\n{held.text(message)}")


def _clear(debugger, args):
    done = debugger.clear_holds(args.id)
    print(f"{done['cleared']} cleared, {done['released']} released")


def _line(hold):
    return f"hold {hold['id']}: {options.describe(hold)}; has held {hold['count']}"
