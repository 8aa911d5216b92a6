# SPDX-License-Identifier: Apache-2.0
"""Writes into chapters of docs/tutorial what a real run of them says, where that is not what they show.

    python -m tests.tutorial.update [CHAPTER.md ...]

Where a new output is too long to be shown, shorten it afterwards with lines ``...``.
"""

import pathlib
import signal
import sys
import tempfile

from tests.tutorial import chapter, reader


def main(arguments):
    """Exit code: 1 when a step of a chapter failed for another reason than its output."""
    # A shell that runs this in the background has it ignore Ctrl-C, and so all that a chapter interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    paths = [pathlib.Path(name) for name in arguments] or sorted((reader.ROOT / "docs/tutorial").glob("*.md"))
    return max([update(path) for path in paths], default=0)


def update(path):
    """One chapter; steps after one that failed are not done."""
    text = path.read_text()
    outcomes = run(chapter.steps(text))
    path.write_text(rewritten(text, outcomes))
    failed = [outcome for outcome in outcomes if outcome.trouble]
    for outcome in failed:
        print(f"{path}:{outcome.step.line_number}: {outcome.trouble}: {outcome.step.command}")
    return 1 if any("exit" in outcome.trouble or "end" in outcome.trouble for outcome in failed) else 0


def run(steps):
    """Outcomes of all steps: here another output is no reason to stop."""
    with (
        tempfile.TemporaryDirectory(prefix="minova-tutorial-") as directory,
        reader.Reader(directory) as somebody,
    ):
        return [outcome for step in steps for outcome in somebody.follow([step])]


def rewritten(text, outcomes):
    """The chapter's text with the real output of the steps that came out otherwise."""
    lines = text.splitlines()
    # From the last one, so that the places of the others stay.
    for outcome in reversed(outcomes):
        if outcome.trouble:
            lines[outcome.step.begin : outcome.step.end] = outcome.real
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
