# SPDX-License-Identifier: Apache-2.0
"""Every command of docs/tutorial is run, and has to say what the chapter shows."""

import pytest

from tests.tutorial import chapter, reader

CHAPTERS = sorted((reader.ROOT / "docs" / "tutorial").glob("*.md"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_reader_sees_what_the_chapter_shows(path, tmp_path):
    steps = chapter.steps(path.read_text())
    with reader.Reader(tmp_path) as somebody:
        for outcome in somebody.follow(steps):
            assert not outcome.trouble, reader.describe(path, outcome, somebody.transcript())
