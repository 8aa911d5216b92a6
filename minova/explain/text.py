# SPDX-License-Identifier: Apache-2.0
"""A story as text for a terminal."""

import datetime
import textwrap

from minova.trace.line import printable

_INDENT = 14


def render(story, width):
    """:param width: columns; see width.py."""
    return "\n".join(map(printable, _lines(story, width)))


def _lines(story, width):
    yield from textwrap.wrap(story.head, width)
    day = None
    for sentence in story.past:
        moment = datetime.datetime.fromtimestamp(sentence.time, datetime.UTC)
        if moment.date() != day:
            day = moment.date()
            yield from ("", f"{day} (times are UTC)")
        yield from _dated(f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}", sentence, width)
    yield from ("", "Now")
    for text in story.present:
        yield from _indented(text, width)
    for fault in story.faults:
        yield from _fault(fault, width)
    yield ""
    for text in story.sources:
        yield from textwrap.wrap(text, width)


def _dated(clock, sentence, width):
    first = f"{clock:{_INDENT}}"
    yield from textwrap.wrap(
        sentence.text, width, initial_indent=first, subsequent_indent=" " * _INDENT, break_on_hyphens=False
    )
    for line in sentence.details:
        yield from textwrap.wrap(
            line,
            width,
            initial_indent=" " * (_INDENT + 2),
            subsequent_indent=" " * (_INDENT + 4),
            break_on_hyphens=False,
        )


def _fault(fault, width):
    moment = datetime.datetime.fromtimestamp(fault["time"], datetime.UTC)
    where = f" on {fault['host']}" if fault["host"] else ""
    yield from ("", f"Fault of {moment:%H:%M:%S}{where}")
    yield from _indented(fault["message"], width)
    for meaning in fault["meanings"]:
        yield from _indented(f"What it means: {meaning['means']}", width)
        yield from _indented(f"What to do: {meaning['to_do']}", width)


def _indented(text, width):
    return textwrap.wrap(
        text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    ) or [""]
