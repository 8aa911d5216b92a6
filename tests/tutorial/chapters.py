# SPDX-License-Identifier: Apache-2.0
"""Every command of docs/tutorial is run, and has to say what the chapter shows."""

from tests.tutorial import chapter, reader

TUTORIAL = reader.ROOT / "docs" / "tutorial"
# Seconds: of the longest chapter on a machine that does much else.
LONGEST_SECONDS = 900


def numbered(first, last):
    """The chapters of these numbers."""
    return [path for path in sorted(TUTORIAL.glob("[0-9]*.md")) if first <= int(path.name[:2]) <= last]


def follow(path, directory):
    """Do what the chapter says, in a directory of one's own."""
    steps = chapter.steps(path.read_text())
    with reader.Reader(directory) as somebody:
        for outcome in somebody.follow(steps):
            assert not outcome.trouble, reader.describe(path, outcome, somebody.transcript())
