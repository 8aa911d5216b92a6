# SPDX-License-Identifier: Apache-2.0
"""`minova trace show`: draw what a request or a server was about, from a recording."""

import argparse
import json
import os
import shutil
import sys
import time

from minova.trace import html, mermaid, options, recording, search, svg, text
from minova.up import record, settings

FORMATS = ("text", "mermaid", "svg", "html", "json")
# How long a request is looked for that a minova up has just had.
_PATIENCE_SECONDS = 5
_LISTED = 20
# With the 40 characters of an id it fits 80 columns.
_ROW = "{:8} {:>4} {:>7} {} {}"
_BESIDE_TITLE, _LEAST_TITLE = 63, 17


def add_to(commands):
    show = commands.add_parser(
        "show",
        help="draw a request, or all about a server",
        description="Draw a request (req-...), or all about a server (uuid or name, also of a deleted one), as "
        "the running or the last minova up recorded it. Without either: list the requests of late.",
        # What stands before the command holds for it too.
        argument_default=argparse.SUPPRESS,
    )
    show.add_argument("wanted", nargs="?", default=None, metavar="SERVER|REQUEST", help="what to draw")
    show.add_argument("--format", choices=FORMATS, default="text", help="default: %(default)s")
    show.add_argument(
        "-o", "--output", default=None, metavar="FILE", help="write there and not to the terminal"
    )
    show.add_argument("--file", default=None, metavar="RECORDING", help="a recording of minova trace record")
    show.add_argument("--all", action="store_true", default=False, help="list heartbeats and the like too")
    show.add_argument(
        "--width", type=settings.positive, metavar="N", help="columns (default: the terminal's)"
    )
    settings.add_state_path(show)
    show.set_defaults(action=_show)


def drawing(request, form, width):
    """The text of a request in one of FORMATS."""
    if form == "text":
        return text.draw(request, width)
    if form == "json":
        return json.dumps([message.to_dict() for message in request.messages], indent=1) + "\n"
    return {"mermaid": mermaid, "svg": svg, "html": html}[form].draw(request)


def _show(args):
    path, running = _recording(args)
    if args.wanted is None:
        _list(path, args)
        return 0
    request = search.find(path, args.wanted, _PATIENCE_SECONDS if running else 0)
    if request is None:
        print(
            f"minova trace: {path} knows no request, and no server of the uuid or name, {args.wanted!r}. "
            "`minova trace show` lists what it knows. No message says a server's name before a host is chosen for it: "
            "where its boot has not come so far, give its uuid or the id of the request; `minova explain` says both.",
            file=sys.stderr,
        )
        return 1
    drawn = drawing(request, args.format, _width(args))
    if args.output is None:
        _print(drawn, args.format)
    else:
        _write(drawn, args.output)
    return 0


def _recording(args):
    """(path of the recording, whether something still records there).

    :raises recording.RecordingError: when there is none; it says how to have one.
    """
    if args.file:
        options.say_dropped(recording.read(args.file))
        return args.file, False
    state_path = settings.state_path(args.state_path)
    path = recording.path_in(state_path)
    if not os.path.exists(path):
        raise recording.RecordingError(
            f"Nothing was recorded on the state path {state_path}. `minova up` records while its page runs (that is, "
            "without --no-page) and the broker copies its messages (`minova doctor` tells); `minova trace record FILE` "
            "records anything, and `show --file FILE` draws that."
        )
    return path, record.running(state_path) is not None


def _list(path, args):
    known = [request for request in search.recent(path) if args.all or not request.is_routine]
    if not known:
        print("Nobody has asked for anything yet; --all shows what the services say by themselves.")
        return
    listed = known if args.all else known[-_LISTED:]
    titles = [("failed: " if request.failed else "") + request.title for request in listed]
    room = min(max(map(len, titles)), max(_width(args) - _BESIDE_TITLE, _LEAST_TITLE))
    print(_ROW.format("began", "msgs", "seconds", "what".ljust(room), "id"))
    for request, title in zip(listed, titles, strict=True):
        began = time.strftime("%H:%M:%S", time.localtime(request.begin))
        what = text.line.shortened(title, room).ljust(room)
        row = (began, len(request.messages), f"{request.seconds:.3f}", what, request.id)
        print(text.line.printable(_ROW.format(*row)))


def _print(drawn, form):
    if form == "text":
        for shown in drawn.splitlines():
            options.say(shown)
        return
    # The others are files, and two of them say of themselves that they are in UTF-8.
    sys.stdout.reconfigure(encoding="utf-8")
    print(drawn, end="")


def _write(drawn, path):
    try:
        with open(path, "w", encoding="utf-8") as output:
            output.write(drawn)
    except OSError as err:
        raise recording.RecordingError(f"{path} cannot be written: {err.strerror}.") from err


def _width(args):
    if args.width:
        return args.width
    return text.DEFAULT_WIDTH if args.output else shutil.get_terminal_size().columns
