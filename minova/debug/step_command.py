# SPDX-License-Identifier: Apache-2.0
"""`minova step`: let one held message go."""

import argparse
import json
import sys

from minova.debug import client, held, options
from minova.up import errors, settings


def parser():
    step = argparse.ArgumentParser(
        prog="minova step", description="Let go one of the messages that minova hold holds back."
    )
    step.add_argument(
        "id", type=int, nargs="?", help="the message, as minova hold list numbers them (default: the oldest)"
    )
    step.add_argument("--wait", type=options.seconds, default=0, metavar="DURATION", help=held.WAIT_HELP)
    step.add_argument("--json", action="store_true", help="show it as one JSON object")
    settings.add_state_path(step)
    return step


def run(args):
    """Exit code: 0, or 1 when nothing was let go."""
    try:
        debugger = client.connect(args.state_path)
        debugger.wait_for_held(args.wait)
        message = debugger.step(args.id)
    except (client.DebugError, errors.UpError) as err:
        print(f"minova step: {err}", file=sys.stderr)
        return 1
    print(json.dumps(message) if args.json else _line(message))
    return 0


def _line(message):
    return f"message {message['id']} goes on after {message['age_seconds']:.1f} s: {held.title(message)}"
