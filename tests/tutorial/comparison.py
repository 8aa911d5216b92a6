# SPDX-License-Identifier: Apache-2.0
"""Whether real output is what a chapter shows: equal but for what is another at each run."""

import re

ANYTHING = "..."
# A size may differ by this part of it, and always by so many bytes: names and numbers within a message vary.
_SIZE_TOLERANCE = 0.2
_SIZE_SLACK_BYTES = 40
_UNIT_BYTES = {"B": 1, "KB": 1000, "MB": 1_000_000}

# What varies, and what stands for it. Earlier ones go first.
_VARIES = [
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"), "<uuid>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "<uuid>"),
    # A line of a log, with its process id.
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d+(?= [A-Z]))?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d+(?= [A-Z]))?"), "<time>"),
    (re.compile(r"(?<=\bpid )\d+"), "<pid>"),
    (re.compile(r"\breply_[0-9a-f]{8}\b"), "reply_<uuid>"),
    # A drawing of a request whose last message has just come.
    (re.compile(r"^still running, "), ""),
    # Seconds at the begin of a line, as `minova trace` has them.
    (re.compile(r"^\s*\d+\.\d{3}(?= )"), "<seconds>"),
    (re.compile(r"(?<![\w.])\d+(?:\.\d+)? ?(?:ms|s|seconds?)\b"), "<duration>"),
]
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?) (B|KB|MB)\b")


# In a drawing, that nothing was said for a while.
_PAUSE = re.compile(r"\s*⋮ ")


def is_shown(shown, real):
    """Whether the lines ``real`` are what the lines ``shown`` say, from the first to the last."""
    shown, real = _without_pauses(shown), _without_pauses(real)
    *begin, last = _segments(shown)
    if not begin:
        return len(last) == len(real) and _fits(last, real, 0)
    at = _end_of(begin, real)
    return at is not None and len(real) - len(last) >= at and _fits(last, real, len(real) - len(last))


def end_of_shown(shown, real):
    """How many of the lines ``real`` it takes until all that is ``shown`` was said; None while it was not."""
    return _end_of(_segments(shown), real)


def _without_pauses(lines):
    return [line for line in lines if not _PAUSE.match(line)]


def _segments(shown):
    """The lines between the lines that stand for any lines."""
    found = [[]]
    for line in shown:
        if line.strip() == ANYTHING:
            found.append([])
        else:
            found[-1].append(line)
    return found


def _end_of(segments, real):
    first, *others = segments
    if not _fits(first, real, 0):
        return None
    at = len(first)
    for segment in others:
        begin = next((begin for begin in range(at, len(real) + 1) if _fits(segment, real, begin)), None)
        if begin is None:
            return None
        at = begin + len(segment)
    return at


def _fits(segment, real, at):
    lines = real[at : at + len(segment)]
    return len(lines) == len(segment) and all(map(_same_line, segment, lines))


def _same_line(shown, real):
    if ANYTHING in shown:
        pattern = ".*".join(re.escape(_without_sizes(part)) for part in shown.split(ANYTHING))
        return re.fullmatch(pattern, _without_sizes(real)) is not None
    return _without_sizes(shown) == _without_sizes(real) and all(map(_near, _sizes(shown), _sizes(real)))


def _without_sizes(line):
    return _SIZE.sub("<size>", _normal(line))


def _normal(line):
    for pattern, name in _VARIES:
        line = pattern.sub(name, line)
    # Columns are as wide as what varies in them.
    return re.sub(r"\s+", " ", line).strip()


def _sizes(line):
    return [float(number) * _UNIT_BYTES[unit] for number, unit in _SIZE.findall(line)]


def _near(shown_bytes, real_bytes):
    return abs(shown_bytes - real_bytes) <= max(_SIZE_SLACK_BYTES, _SIZE_TOLERANCE * shown_bytes)
