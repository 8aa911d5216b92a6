# SPDX-License-Identifier: Apache-2.0
"""What the debugger's commands have in common: which messages are meant, and durations."""

import argparse
import re
import time

from minova.broker.debugger.envelope import KINDS
from minova.debug import client

PATTERNS = {
    "method": "the method that is called, such as build_and_run_instance",
    "routing_key": "such as conductor, compute.host1 or reply_*",
    "exchange": "such as minova or compute_fanout; that of replies is amq.default",
    "host": "where a message is from or where it goes, such as host1",
    "server": "uuid or name; a name is known from the build on, when messages tell it",
}
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def add_match(parser):
    """Options that say which messages; all given ones have to fit."""
    group = parser.add_argument_group(
        "which messages", "All that are given have to fit; * and ? are wildcards."
    )
    for name, text in PATTERNS.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar="PATTERN", help=text)
    group.add_argument(
        "--kind",
        dest="kinds",
        type=_kinds,
        metavar="KIND,...",
        help=f"{', '.join(KINDS)} (default: all but alive, which are signs of life of long calls; with --method also "
        "without replies)",
    )


def match_of(args):
    """The options as the API's fields, those that were given."""
    given = {name: getattr(args, name) for name in (*PATTERNS, "kinds")}
    return {name: value for name, value in given.items() if value is not None}


def describe(match):
    """`method build_*, kind reply` of a hold or fault of the API."""
    parts = [f"{name.replace('_', ' ')} {match[name]}" for name in PATTERNS if match[name] is not None]
    parts += [f"kind {', '.join(match['kinds'])}"] if match["kinds"] else []
    return ", ".join(parts)


def seconds(text):
    """`2`, `2s`, `500ms`, `1.5m` or `1h` in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 2s, 500ms, 1m or 1h")
    return float(found[1]) * _UNITS[found[2] or "s"]


def seconds_or_error(text):
    """:raises client.DebugError: for what is no duration"""
    try:
        return seconds(text)
    except argparse.ArgumentTypeError as err:
        raise client.DebugError(f"{err}.") from err


def time_left(expires_at):
    """Of a rule that ends at a time in seconds since the epoch."""
    left_seconds = expires_at - time.time()
    return f"expires in {left_seconds:.0f} s" if left_seconds > 0 else "expired"


def _kinds(text):
    kinds = text.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there is {', '.join(KINDS)}")
    return kinds
