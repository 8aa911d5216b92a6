# SPDX-License-Identifier: Apache-2.0
"""A chapter of docs/tutorial as a list of steps: what its reader types, and what the chapter says comes of it.

In a fence called ``console`` a line ``$ COMMAND`` is typed in the reader's own terminal, ``(NAME)$ COMMAND`` in
another one, and what follows is its output. ``(NAME) ^C`` interrupts what runs in a terminal, and ``(NAME)`` alone
stands before what it says later. A line ``...`` stands for any lines, ``...`` within a line for any text.
``<!-- exits with 1 -->`` before a fence says so of the last command in the reader's own terminal. Any other fence after
``<!-- output of: COMMAND -->`` holds the output of that command, which a reader does not see typed.
"""

import dataclasses
import re

_PROMPT = re.compile(r"(?:\((?P<terminal>[\w .-]+)\))?\$ (?P<command>.*)")
_INTERRUPT = re.compile(r"\((?P<terminal>[\w .-]+)\) \^C")
_FURTHER_OUTPUT = re.compile(r"\((?P<terminal>[\w .-]+)\)")
_HERE_DOCUMENT = re.compile(r"<<'?(\w+)'?")
_EXIT_CODE = re.compile(r"<!-- exits with (\d+) -->")
_OUTPUT_OF = re.compile(r"<!-- output of: (.*) -->")
_FENCE = "```"
INTERRUPT = "^C"


@dataclasses.dataclass
class Step:
    """One command and its output. ``command`` is "" where a terminal only says more, or INTERRUPT."""

    command: str
    # "" is the reader's own.
    terminal: str
    # Of the command in the file, from 1.
    line_number: int
    # The shown output is lines[begin:end] of the file.
    begin: int
    end: int
    shown: list
    exit_code: int = 0
    # The shown output is a drawing, of which no line can be left out.
    whole: bool = False


def steps(text):
    """The steps of a chapter's text, in the order in which they are done."""
    lines = text.splitlines()
    found = []
    at = 0
    while at < len(lines):
        if lines[at].startswith(_FENCE):
            end = _end_of_fence(lines, at)
            found += _steps_of_fence(lines, at, end)
            at = end
        at += 1
    return found


def _end_of_fence(lines, begin):
    for at in range(begin + 1, len(lines)):
        if lines[at] == _FENCE:
            return at
    raise ValueError(f"the fence in line {begin + 1} has no end")


def _steps_of_fence(lines, begin, end):
    before = lines[begin - 1] if begin else ""
    if match := _OUTPUT_OF.fullmatch(before):
        return [Step(match[1], "", begin, begin + 1, end, lines[begin + 1 : end], whole=True)]
    if lines[begin] != f"{_FENCE}console":
        return []
    found = list(_console_steps(lines, begin + 1, end))
    if match := _EXIT_CODE.fullmatch(before):
        [step for step in found if not step.terminal][-1].exit_code = int(match[1])
    return found


def _console_steps(lines, begin, end):
    at = begin
    while at < end:
        terminal, command = _typed(lines[at])
        if command is None:
            raise ValueError(f"line {at + 1} is the output of no command: {lines[at]!r}")
        output = _end_of_command(lines, at, end)
        if output > at + 1:
            command = "\n".join([command, *lines[at + 1 : output]])
        until = _next_typed(lines, output, end)
        yield Step(command, terminal, at + 1, output, until, lines[output:until])
        at = until


def _typed(line):
    """(terminal, command) of a line that is typed; the command is None on a line that is not."""
    if match := _PROMPT.fullmatch(line):
        return match["terminal"] or "", match["command"]
    if match := _INTERRUPT.fullmatch(line):
        return match["terminal"], INTERRUPT
    if match := _FURTHER_OUTPUT.fullmatch(line):
        return match["terminal"], ""
    return "", None


def _end_of_command(lines, at, end):
    """Index after the command that begins in a line: it goes on after a backslash, and to the end of its document."""
    if match := _HERE_DOCUMENT.search(lines[at]):
        while at < end and lines[at] != match[1]:
            at += 1
        return at + 1
    while lines[at].endswith("\\"):
        at += 1
    return at + 1


def _next_typed(lines, begin, end):
    for at in range(begin, end):
        if _typed(lines[at])[1] is not None:
            return at
    return end
