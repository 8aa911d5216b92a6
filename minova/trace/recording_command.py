# SPDX-License-Identifier: Apache-2.0
"""`minova trace record` and `minova trace replay`."""

import argparse
import os
import re
import sys
import time

from minova.trace import live, options, recording
from minova.trace.firehose import Firehose
from minova.trace.replay import Replay

_UNITS = {"": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}
_LEAST_BYTES = 100_000


def add_to(commands):
    record = commands.add_parser(
        "record",
        help="write all messages to a file",
        description="Write all messages to a file, until Ctrl-C or for a time. The file never grows above its "
        "limit: the oldest messages go first, and the file says how many.",
        argument_default=argparse.SUPPRESS,
    )
    record.add_argument("file", metavar="FILE")
    options.add_time(record, "end after so long")
    record.add_argument(
        "--max-size",
        type=size,
        default=recording.DEFAULT_MAX_BYTES,
        metavar="SIZE",
        help="for example 64MB (the default)",
    )
    options.add_bus(record)
    record.set_defaults(action=_record)
    replay = commands.add_parser(
        "replay",
        help="show a recording as if it happened now",
        description="Show a recording as if it happened now. `minova trace show --file FILE` draws it.",
        argument_default=argparse.SUPPRESS,
    )
    replay.add_argument("file", metavar="FILE")
    replay.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="2 is twice as fast, 0 all at once (default: 1)",
    )
    options.add_view(replay)
    replay.set_defaults(action=_replay)


def size(text):
    """`500KB`, `64MB` or `2GB` in bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]B|)", text.upper())
    number = float(match[1]) * _UNITS[match[2]] if match else 0
    if not _LEAST_BYTES <= number < 1e15:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size of 100KB or more, such as 64MB")
    return int(number)


def _record(args):
    if os.path.exists(args.file):
        raise recording.RecordingError(f"{args.file} is there already. Choose another name, or remove it.")
    url = options.transport_url(args.transport_url, args.state_path)
    count = 0
    with Firehose(url) as firehose, recording.Recorder(args.file, args.max_size) as recorder:
        options.say_where(firehose, url)
        try:
            for event in firehose.events(time.monotonic() + args.seconds):
                count += event is not None and event.what == "published"
                recorder.add(event) if event else recorder.flush()
        finally:
            _say_how_much(args.file, count, recorder)
            if firehose.lost_copies():
                print(
                    "Some are missing: the broker had no room for what was not read in time.", file=sys.stderr
                )


def _say_how_much(path, count, recorder):
    gone = recorder.dropped_messages
    less = f", of which the oldest {gone} had to go: the file has no room for more" if gone else ""
    print(f"{count} messages in {path}{less}.", file=sys.stderr)


def _replay(args):
    source = Replay(args.file, args.speed)
    options.say_dropped(source.recording)
    live.follow(source, options.views(args))


def _speed(text):
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed of 0 or more")
    return number
