# SPDX-License-Identifier: Apache-2.0
"""Follows a chapter as its reader does: the same commands in the same order, and looks whether the same comes of them.

The reader works in a directory that looks like the checkout but has a state of its own, on ports of its own.
What is typed and shown has the default ports; they are exchanged on the way in and out.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import sys

from tests.free_ports import free_port
from tests.tutorial import chapter, comparison
from tests.tutorial.terminal import Terminal

ROOT = pathlib.Path(__file__).parents[2]
# Far more than anything takes, since the machine may be busy; only what never comes is waited for so long.
STEP_SECONDS = 120
# Default ports, and the option of `minova up` that chooses another.
_PORTS = {"8774": "--api-port", "5673": "--broker-port", "15673": "--management-port", "8780": "--page-port"}
_COPIED = ["docs", "scripts", "etc"]
_LINKED = ["minova", "tests", "setup.cfg"]


@dataclasses.dataclass
class Outcome:
    """What came of one step; ``trouble`` is "" when it is what the chapter shows."""

    step: chapter.Step
    real: list
    trouble: str = ""


class Reader:
    """One reader with an empty state; a context manager that leaves nothing running."""

    def __init__(self, directory):
        self._directory = pathlib.Path(directory)
        self._ports = {default: str(free_port()) for default in _PORTS}
        self._terminals = {}

    def __enter__(self):
        for name in _LINKED:
            (self._directory / name).symlink_to(ROOT / name)
        (self._directory / ".venv").symlink_to(sys.prefix)
        for name in _COPIED:
            self._copy(name)
        return self

    def __exit__(self, *_):
        with contextlib.ExitStack() as stack:
            for terminal in self._terminals.values():
                stack.callback(terminal.close)

    def follow(self, steps):
        """The Outcome of each step, until one is not what it should be."""
        for step in steps:
            outcome = self._do(step)
            yield outcome
            if outcome.trouble:
                return

    def transcript(self):
        """The last lines of every terminal that nobody has read."""
        return "\n".join(
            f"({name or 'own terminal'}) {self._as_shown(line)}"
            for name, terminal in self._terminals.items()
            for line in terminal.lines[-30:]
        )

    def _do(self, step):
        terminal = self._terminal(step.terminal)
        if step.command == chapter.INTERRUPT:
            terminal.interrupt()
        if step.command and not terminal.wait(lambda: not terminal.busy, STEP_SECONDS):
            return Outcome(step, [], "what was typed before in this terminal still runs")
        if step.command not in ("", chapter.INTERRUPT):
            terminal.take()
            terminal.type(self._as_typed(step.command))
        return self._look(step, terminal) if step.terminal else self._finish(step, terminal)

    def _finish(self, step, terminal):
        """In their own terminal readers wait for the end of a command."""
        ended = terminal.wait(lambda: not terminal.busy, STEP_SECONDS)
        real = self._shown_lines(terminal.take())
        if not ended:
            terminal.interrupt()
            return Outcome(step, real, f"the command does not end in {STEP_SECONDS} s")
        if not comparison.is_shown(step.shown, real):
            return Outcome(step, real, "the output is another one")
        if terminal.exit_code != step.exit_code:
            return Outcome(step, real, f"the command exits with {terminal.exit_code}")
        return Outcome(step, real)

    def _look(self, step, terminal):
        """Another terminal is looked at until it has said what is shown; it may go on."""

        def end():
            return comparison.end_of_shown(step.shown, self._shown_lines(terminal.lines))

        if not terminal.wait(lambda: end() is not None, STEP_SECONDS):
            return Outcome(step, self._shown_lines(terminal.take()), f"this is not said in {STEP_SECONDS} s")
        return Outcome(step, self._shown_lines(terminal.take(end())))

    def _terminal(self, name):
        if name not in self._terminals:
            self._terminals[name] = Terminal(self._directory, self._environment(), self._preparation())
            self._terminals[name].type("true")
        return self._terminals[name]

    def _environment(self):
        own = {name: text for name, text in os.environ.items() if not name.startswith(("OS_", "MINOVA_"))}
        bin_ = os.path.dirname(sys.executable)
        return own | {
            "PATH": f"{bin_}:{own['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "100",
            "TERM": "dumb",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
        }

    def _preparation(self):
        """Shell functions that add the reader's own ports to what is typed."""
        options = " ".join(f"{option} {self._ports[default]}" for default, option in _PORTS.items())
        return (
            f'minova() {{ if [ "$1" = up ]; then command minova "$@" {options}; else command minova "$@"; fi; }}\n'
            f'minova-broker() {{ command minova-broker --port {self._ports["5673"]} "$@"; }}'
        )

    def _copy(self, name):
        """Scripts and configuration have the default ports in them."""
        shutil.copytree(ROOT / name, self._directory / name)
        for path in (self._directory / name).rglob("*"):
            if path.suffix in (".py", ".conf"):
                path.write_text(self._as_typed(path.read_text()))

    def _as_typed(self, text):
        return _exchange(text, self._ports)

    def _as_shown(self, text):
        text = _exchange(text, {real: default for default, real in self._ports.items()})
        return text.replace(str(self._directory), "minova").replace(
            os.path.realpath(self._directory), "minova"
        )

    def _shown_lines(self, lines):
        return [self._as_shown(line) for line in lines]


def _exchange(text, numbers):
    return re.sub(r"\b\d{4,5}\b", lambda match: numbers.get(match[0], match[0]), text)


def describe(path, outcome, transcript):
    """What a failed test says of a step."""
    step = outcome.step
    return "\n".join(
        [
            f"{path}:{step.line_number}: {outcome.trouble}",
            f"$ {step.command}",
            "--- shown",
            *step.shown,
            "--- real",
            *outcome.real,
            "--- not read yet",
            transcript,
        ]
    )
