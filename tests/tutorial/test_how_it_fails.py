# SPDX-License-Identifier: Apache-2.0
"""The chapters of what goes wrong; a file of its own runs beside the others."""

import pytest

from tests.tutorial import chapters


@pytest.mark.timeout(chapters.LONGEST_SECONDS)
@pytest.mark.parametrize("path", chapters.numbered(8, 99), ids=lambda path: path.stem)
def test_a_reader_sees_what_the_chapter_shows(path, tmp_path):
    chapters.follow(path, tmp_path)
