# SPDX-License-Identifier: Apache-2.0
"""`minova trace`: show each RPC message as it is sent."""

import argparse
import math
import sys
import time

from minova.trace import line
from minova.trace.firehose import Firehose, TraceError
from minova.up import errors, record, settings

DEFAULT_TRANSPORT_URL = f"rabbit://guest:guest@127.0.0.1:{settings.DEFAULT_BROKER_PORT}/"


def parser():
    trace = argparse.ArgumentParser(
        prog="minova trace",
        description="Show each RPC message as it is sent: seconds, kind, who to whom, method, size. "
        "Ctrl-C ends it.",
    )
    trace.add_argument(
        "--transport-url", metavar="URL", help="the broker (default: that of the running minova up)"
    )
    settings.add_state_path(trace)
    trace.add_argument("--request", metavar="ID", help="only messages of this request (req-...)")
    trace.add_argument("--server", metavar="UUID", help="only messages about this server")
    trace.add_argument("--json", action="store_true", help="one JSON object per message")
    trace.add_argument(
        "--for",
        dest="seconds",
        type=_seconds,
        default=math.inf,
        metavar="SECONDS",
        help="end after so many seconds",
    )
    return trace


def run(args):
    """Exit code: 0, or 1 when the bus cannot be read."""
    try:
        url = transport_url(args.transport_url, args.state_path)
        with Firehose(url) as firehose:
            _say_where(firehose, url)
            _follow(firehose, args)
    except (TraceError, errors.UpError) as err:
        print(f"minova trace: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # That is how this command is meant to be ended.
        return 0
    return 0


def transport_url(given, state_path):
    """The bus that was named, or that of the `minova up` on this state path, or the services' default."""
    if given:
        return given
    running = record.running(settings.state_path(state_path))
    return running.transport_url if running else DEFAULT_TRANSPORT_URL


def off_hint(virtual_host):
    """What to type when the broker copies nothing."""
    option = "" if virtual_host == "/" else f" -p {virtual_host}"
    return (
        "The broker does not copy its messages to the firehose. On RabbitMQ's machine type, as root:\n"
        f"  rabbitmqctl trace_on{option}\n"
        f"and afterwards, since it costs time: rabbitmqctl trace_off{option}"
    )


def wanted(message, request, server):
    """Whether a message passes the filters, each of which may be None."""
    if request and message.request_id != request:
        return False
    return not server or server in message.instances


def _say_where(firehose, url):
    if not firehose.is_on():
        print(off_hint(firehose.virtual_host), file=sys.stderr)
    elif sys.stderr.isatty():
        # Nothing is shown until somebody speaks; without this it would look as if nothing worked.
        print(f"Listening to {settings.without_password(url)}; Ctrl-C ends it.", file=sys.stderr)


def _follow(firehose, args):
    deadline = time.monotonic() + args.seconds
    begin = None
    for message in firehose.messages(deadline):
        if message is None or not wanted(message, args.request, args.server):
            continue
        begin = message.time if begin is None else begin
        print(line.as_json(message) if args.json else line.human(message, begin), flush=True)


def _seconds(text):
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number
