# SPDX-License-Identifier: Apache-2.0
"""What the commands of `minova trace` have in common: which bus, what of it, in which form."""

import argparse
import codecs
import math
import shutil
import sys

from minova.trace import live, otlp, text
from minova.trace.filters import Filter
from minova.trace.firehose import off_hint
from minova.up import record, settings

DEFAULT_TRANSPORT_URL = f"rabbit://guest:guest@127.0.0.1:{settings.DEFAULT_BROKER_PORT}/"
_UNITS = {"s": 1, "m": 60, "h": 3600}


def add_bus(parser):
    """The options that say which bus."""
    parser.add_argument(
        "--transport-url", metavar="URL", help="the broker (default: that of the running minova up)"
    )
    settings.add_state_path(parser)


def add_time(parser, what):
    parser.add_argument(
        "--for",
        dest="seconds",
        type=seconds,
        default=math.inf,
        metavar="TIME",
        help=f"{what}: 30, 90s, 10m, 1h",
    )


def add_view(parser):
    """The options that say what of it, and how."""
    parser.add_argument("--server", metavar="SERVER", help="only requests about this server (uuid or name)")
    parser.add_argument("--request", metavar="ID", help="only messages of this request (req-...)")
    parser.add_argument("--method", metavar="METHOD", help="only messages of this method, and their replies")
    parser.add_argument(
        "--topic",
        metavar="TOPIC",
        help="only messages to this topic (compute, compute.host1), and their replies",
    )
    parser.add_argument(
        "--width", type=settings.positive, metavar="N", help="columns (default: the terminal's)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per message")
    parser.add_argument(
        "--otlp",
        metavar="URL",
        help="send each request as OpenTelemetry spans there too, for example http://127.0.0.1:4318",
    )


def transport_url(given, state_path):
    """The bus that was named, or that of the `minova up` on this state path, or the services' default."""
    if given:
        return given
    running = record.running(settings.state_path(state_path))
    return running.transport_url if running else DEFAULT_TRANSPORT_URL


def say_where(firehose, url):
    """Say that it listens, or why it would hear nothing."""
    if not firehose.is_on():
        print(off_hint(firehose.virtual_host), file=sys.stderr)
    else:
        # Nothing is shown until somebody speaks; without this it would look as if nothing worked.
        print(f"Listening to {settings.without_password(url)}; Ctrl-C ends it.", file=sys.stderr)


def say_dropped(recorded):
    """Say what a recording has no longer."""
    if gone := recorded.dropped_messages:
        print(f"{gone} messages before these had to go when the file was full.", file=sys.stderr)


def views(args):
    """The views that the options of add_view() ask for."""
    wanted = Filter(args.server, args.request, args.method, args.topic)
    if args.json:
        shown = live.JsonView(wanted, say)
    else:
        shown = live.TextView(wanted, lambda: args.width or shutil.get_terminal_size().columns, say)
    return [shown, otlp.OtlpView(wanted, args.otlp)] if args.otlp else [shown]


def say(shown):
    """Print a line in characters that the terminal has."""
    print(shown if _knows_boxes() else text.in_ascii(shown), flush=True)


def seconds(given):
    """`90`, `90s`, `10m`, `1h` in seconds."""
    number, unit = (given[:-1], given[-1]) if given[-1:] in _UNITS else (given, "s")
    try:
        value = float(number) * _UNITS[unit]
    except ValueError:
        value = -1
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{given!r} is not a time, such as 30, 90s, 10m or 1h")
    return value


def _knows_boxes():
    try:
        return codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")
    except LookupError:
        return False
