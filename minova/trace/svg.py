# SPDX-License-Identifier: Apache-2.0
"""A request as a sequence diagram in SVG: a lane for each process, an arrow for each message.

Each message is a `<g class="message" data-message="<unique_id>" tabindex="0" role="button">`, for a page to open.
"""

import html
import re

from minova.trace import line, svg_style, timing
from minova.trace.message import CORRUPTED, DROPPED, TIMED_OUT, UNROUTED

LANE = 212
LEFT = 166
TOP = 62
ROW = 52
NOTE = 17
GAP = 30
# A silence that is longer is shown as such.
GAP_SECONDS = 0.2
_RIGHT = 120
# About the width of one in the font of notes.
_NOTE_LETTER = 7
# Of a name: it may be wider than the way between two lanes, so that the exception in it can be read.
_NAME_LETTERS = 48
_BAD = (DROPPED, CORRUPTED, TIMED_OUT, UNROUTED)


def draw(request, style=True):
    """The text of an `<svg>` element.

    :param style: whether it brings its own `<style>`; a page whose policy refuses that has svg_style.STYLE itself.
    """
    return _Drawing(request).text(style)


class _Drawing:
    def __init__(self, request):
        self._request = request
        self._lanes = request.lanes()
        self._places = {name: LEFT + number * LANE for number, name in enumerate(self._lanes.names)}
        self._rows = {}
        self._bottom = TOP
        self._body = []

    def text(self, style):
        for before, message in zip([None, *self._request.messages], self._request.messages, strict=False):
            self._add(before, message)
        width = LEFT + max(len(self._places) - 1, 0) * LANE + _RIGHT
        height = self._bottom + 26
        return "".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="minova-trace" role="group" width="{width}" '
                f'height="{height}" viewBox="0 0 {width} {height}" aria-label="{safe(self._request.title)}">',
                f"<style>{svg_style.STYLE}</style>" if style else "",
                '<rect class="paper" width="100%" height="100%" rx="10"/>',
                *(self._lane(name, x, height) for name, x in self._places.items()),
                *self._works(),
                *self._body,
                "</svg>",
            ]
        )

    def _lane(self, name, x, height):
        half = min(max(len(name) * 4.2 + 18, 46), LANE / 2 - 6)
        return (
            f'<line class="lane" x1="{x}" y1="44" x2="{x}" y2="{height - 12}"/>'
            f'<rect class="head" x="{x - half:g}" y="14" width="{half * 2:g}" height="30" rx="8"/>'
            f'<text class="head-text" x="{x}" y="34">{safe(line.shortened(name, 24))}</text>'
        )

    def _add(self, before, message):
        if before is not None:
            self._add_gap(message.time - before.time)
        y = self._bottom + 30
        self._rows[message.unique_id] = y
        self._bottom += ROW
        self._body.append(self._message(message, y))

    def _add_gap(self, seconds):
        if seconds < GAP_SECONDS:
            return
        y = self._bottom + GAP / 2 + 6
        right = LEFT + max(len(self._places) - 1, 0) * LANE + 70
        self._body.append(
            f'<line class="gap" x1="16" y1="{y:g}" x2="{right}" y2="{y:g}"/>'
            f'<text class="gap-text" x="20" y="{y - 5:g}">{_duration(seconds)} later</text>'
        )
        self._bottom += GAP

    def _message(self, message, y):
        sender, recipient = (self._places[name] for name in self._lanes.ends(message))
        since = message.time - self._request.begin
        marks = "".join(f" {what}" for what in _marks(message))
        notes = self._notes(message, (sender + recipient) / 2, y)
        return (
            f'<g class="message {message.kind}{marks}" data-message="{safe(message.unique_id)}" tabindex="0" '
            f'role="button" aria-label="{safe(label(message, self._lanes, self._request.begin))}">'
            f'<rect class="row" x="8" y="{y - 26}" width="{self._row_width()}" '
            f'height="{self._bottom - y + 24}" rx="6"/>'
            f'<text class="time" x="72" y="{y + 4}">{since:.3f} s</text>'
            f"{_arrow(sender, recipient, y, message)}{notes}</g>"
        )

    def _row_width(self):
        return LEFT + max(len(self._places) - 1, 0) * LANE + _RIGHT - 16

    def _notes(self, message, middle, y):
        drawn = []
        right = self._row_width() + 16
        for note in message.notes:
            self._bottom += NOTE
            since = note["time"] - self._request.begin
            kind = "bad" if note["what"] in _BAD else "held"
            shown = line.shortened(f"{since:.3f} s: {note['text']}", int((right - 24) / _NOTE_LETTER))
            half = len(shown) * _NOTE_LETTER / 2 + 12
            x = max(half, min(middle, right - half))
            drawn.append(
                f'<text class="note {kind}" x="{x:g}" y="{y + 14 + NOTE * (len(drawn) + 1)}">'
                f"{safe(shown)}</text>"
            )
        return "".join(drawn)

    def _works(self):
        """A bar on a lane for as long as it is at work on a message."""
        last = list(self._rows)
        times = {message.unique_id: message.time for message in self._request.messages}
        for span in timing.timeline(self._request):
            if span["kind"] != timing.WORK:
                continue
            inside = [one for one in last if span["begin"] <= times[one] <= span["end"]]
            top = self._rows[span["message"]]
            bottom = max([self._rows[one] for one in inside], default=top)
            x = self._places[span["lane"]] - 5
            yield (
                f'<rect class="work" x="{x}" y="{top - 4}" width="10" '
                f'height="{max(bottom - top, 10) + 8}" rx="4"/>'
            )


def label(message, lanes, begin):
    """A message in one line for those who do not see the drawing."""
    return sentence(message, lanes, begin) + "".join(f"; {note['text']}" for note in message.notes)


def sentence(message, lanes, begin):
    """What a message is, without what happened to it."""
    sender, recipient = lanes.ends(message)
    return (
        f"{message.time - begin:.3f} s: {message.kind} {line.what(message)} from {sender} to {recipient}, "
        f"{line.size(message.size_bytes)}"
    )


def _marks(message):
    if message.failure:
        yield "failed"
    if any(note["what"] in _BAD for note in message.notes):
        yield "bad"
    if not message.ending:
        yield "sign"


def _arrow(start, end, y, message):
    if start == end:
        return _loop(start, y, message)
    step = 1 if end > start else -1
    tip = end - step * 6
    middle = (start + end) / 2
    return (
        f'<line class="arrow" x1="{start + step * 6}" y1="{y}" x2="{tip - step * 7}" y2="{y}"/>'
        f'<path class="tip" d="M{tip} {y}l{-step * 10} -4.5v9z"/>{_words(message, middle, y, "middle")}'
    )


def _loop(x, y, message):
    return (
        f'<path class="arrow" d="M{x + 6} {y - 7}h22q8 0 8 8v4q0 8 -8 8h-14"/>'
        f'<path class="tip" d="M{x + 6} {y + 13}l10 -4.5v9z"/>{_words(message, x + 42, y + 4, "start")}'
    )


def _words(message, x, y, anchor):
    name = safe(line.shortened(line.what(message), _NAME_LETTERS))
    return (
        f'<text class="name" text-anchor="{anchor}" x="{x:g}" y="{y - 8}">{name}</text>'
        f'<text class="route" text-anchor="{anchor}" x="{x:g}" y="{y + 14}">'
        f'<tspan class="kind">{message.kind}</tspan> {safe(line.shortened(line.address(message), 28))} '
        f"{line.size(message.size_bytes)}</text>"
    )


def _duration(seconds):
    return f"{seconds:.2f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def safe(text):
    """Without what XML does not allow; the wire may carry anything."""
    return html.escape(re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))
