# SPDX-License-Identifier: Apache-2.0
"""A request as a sequence diagram in characters, for a terminal of any width from 60 columns on."""

from minova.trace import events, line

DEFAULT_WIDTH = 80
_TIME_COLUMNS = 9
_LEAST_STEP, _MOST_STEP = 10, 24
# A silence that is longer is shown as such.
_GAP_SECONDS = 0.2
_ASCII = str.maketrans(
    {
        "│": "|",
        "─": "-",
        "├": "+",
        "┤": "+",
        "▶": ">",
        "◀": "<",
        "→": ">",
        "┐": "+",
        "┘": "+",
        "…": "~",
        "⋮": ":",
    }
)


def draw(request, width=DEFAULT_WIDTH):
    """The text, each line of at most `width` characters and with its line end."""
    sheet = Sheet(request, width)
    lines = [*title(request, width), *sheet.head()]
    before = None
    for message in request.messages:
        lines += sheet.gap(before, message)
        lines += sheet.message(message)
        before = message
    return "\n".join([*lines, ""])


def title(request, width):
    """Two lines: what and which; how much, and how it ended."""
    size = line.size(sum(message.size_bytes for message in request.messages))
    count = len(request.messages)
    ending = "failed, " if request.failed else "still running, " if request.running else ""
    return [
        name(request, width),
        f"{ending}{count} message{'' if count == 1 else 's'}, {size}, {request.seconds:.3f} s",
    ]


def name(request, width):
    """Its title and its id in one line."""
    return line.shortened(f"{request.title}   {request.id}", width)


def in_ascii(text):
    """The same for a terminal that knows no box-drawing characters."""
    return text.translate(_ASCII)


class Sheet:
    """Where the lanes of a request stand in so many columns.

    Where there are too many, all hosts share the lane `computes`. Where there are still too many, each message is
    a line.
    """

    def __init__(self, request, width):
        self._lanes = request.lanes()
        self._begin = request.begin
        self._width = width
        names = self._lanes.names
        self._places = _places(names, width)
        self._shared = self._places is None
        if self._shared:
            self._places = _places(list(dict.fromkeys(map(_shared, names))), width)

    def head(self):
        """The names of the lanes, and their beginning."""
        if not self._places:
            return []
        heads = _Line(self._width)
        for name, place in self._places.items():
            heads.put(place - len(name) // 2, name)
        return [str(heads), str(self._lifelines())]

    def gap(self, before, message):
        """The silence between two messages, where it is long."""
        if before is None or message.time - before.time < _GAP_SECONDS or not self._places:
            return []
        silence = self._lifelines()
        silence.put(0, f" ⋮ {message.time - before.time:.1f} s"[:_TIME_COLUMNS])
        return [str(silence)]

    def message(self, message):
        """What it says, its arrow, and a line for each thing that happened to it."""
        return [*self.sent(message), *(self.note(message, note) for note in message.notes)]

    def event(self, event):
        """The lines of one event; none of a delivery."""
        if event.what == events.PUBLISHED:
            return self.sent(event.message)
        return [self.note(event.message, event.facts)] if event.what == events.NOTED else []

    def sent(self, message):
        """What it says and its arrow."""
        if not self._places:
            return [line.shortened(line.human(message, self._begin), self._width)]
        start, end = (self._places[self._name(name)] for name in self._lanes.ends(message))
        words = self._lifelines()
        words.put(min(start, end) + 2, _words(message), room_from=_TIME_COLUMNS)
        return [str(words), str(self._arrow(message, start, end))]

    def note(self, message, note):
        """`held`, `timed_out` and their like, with what that means here."""
        text = f"{note['time'] - self._begin:8.3f} ! {message.name}: {note['text']}"
        return line.shortened(text, self._width)

    def _name(self, lane):
        return _shared(lane) if self._shared else lane

    def _lifelines(self):
        lifelines = _Line(self._width)
        for place in self._places.values():
            lifelines.put(place, "│")
        return lifelines

    def _arrow(self, message, start, end):
        drawn = self._lifelines()
        drawn.put(0, f"{message.time - self._begin:8.3f}")
        kind = message.kind if message.ending else "alive"
        if start == end:
            drawn.put(start, f"├─{kind}─┐◀┘"[: self._width - start])
        else:
            shaft = kind.center(abs(end - start) - 2, "─")
            drawn.put(min(start, end), f"├{shaft}▶│" if start < end else f"│◀{shaft}┤")
        return drawn


class _Line:
    def __init__(self, width):
        self._cells = [" "] * width

    def put(self, place, text, room_from=None):
        """Write over what is there; a text that is too long moves to the left up to `room_from`."""
        width = len(self._cells)
        text = line.printable(text) if room_from is None else line.shortened(text, width - room_from)
        place = max(min(place, width - len(text)), 0)
        self._cells[place : place + len(text)] = text[:width]

    def __str__(self):
        return "".join(self._cells).rstrip()


def _places(names, width):
    """{lane: column}, or None when so many do not fit."""
    if not names:
        return None
    first = _TIME_COLUMNS + max(len(names[0]) // 2, 1)
    last = width - 1 - (len(names[-1]) + 1) // 2
    step = min((last - first) // max(len(names) - 1, 1), _MOST_STEP)
    # Neighbours' names must not touch.
    widest = max([(len(a) + len(b)) // 2 + 1 for a, b in zip(names, names[1:], strict=False)], default=0)
    if step < max(_LEAST_STEP, widest) and len(names) > 1:
        return None
    return {name: first + number * step for number, name in enumerate(names)}


def _shared(lane):
    return "computes" if lane.startswith("compute.") else lane


def _words(message):
    return f"{line.what(message)}  {line.size(message.size_bytes)}  {line.address(message)}"
