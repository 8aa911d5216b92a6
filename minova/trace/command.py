# SPDX-License-Identifier: Apache-2.0
"""`minova trace`: follow the messages live, draw those of the past, record and replay them."""

import argparse
import signal
import sys
import time

from minova.trace import live, options, recording_command, show_command
from minova.trace.buffer import Buffer
from minova.trace.firehose import Firehose, TraceError
from minova.trace.recording import RecordingError
from minova.up import errors


def parser():
    trace = argparse.ArgumentParser(
        prog="minova trace",
        description="Follow each RPC message: a lane for each process, an arrow for each message, grouped by "
        "request. Ctrl-C ends it.",
    )
    options.add_bus(trace)
    options.add_view(trace)
    options.add_time(trace, "end after so long")
    trace.set_defaults(action=_follow)
    commands = trace.add_subparsers(title="for what is over", metavar="COMMAND")
    show_command.add_to(commands)
    recording_command.add_to(commands)
    return trace


def run(args):
    """Exit code: 0, or 1 when the bus or a recording cannot be read."""
    # As Ctrl-C, so that files and queues are closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return args.action(args) or 0
    except (TraceError, RecordingError, errors.UpError) as err:
        print(f"minova trace: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # That is how this command is meant to be ended.
        return 0


def _follow(args):
    url = options.transport_url(args.transport_url, args.state_path)
    with Firehose(url) as firehose:
        options.say_where(firehose, url)
        with Buffer(firehose, time.monotonic() + args.seconds) as buffer:
            live.follow(buffer, options.views(args))
