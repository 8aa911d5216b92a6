# SPDX-License-Identifier: Apache-2.0
"""The contents of the tutorial: every link in it leads somewhere."""

import re

import pytest

from tests.tutorial.chapters import TUTORIAL

LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def anchors(path):
    """What a heading is called in a link to it, by GitHub's rule."""
    for heading in re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", sorted(TUTORIAL.glob("*.md")), ids=lambda path: path.stem)
def test_every_link_leads_to_a_file_and_a_heading(path):
    for target, anchor in LINK.findall(path.read_text()):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


def test_the_contents_name_every_chapter():
    contents = (TUTORIAL / "README.md").read_text()
    chapters = [path.name for path in TUTORIAL.glob("[0-9]*.md")]
    assert [name for name in chapters if f"]({name})" not in contents] == []


def test_every_chapter_ends_with_something_to_try():
    for path in TUTORIAL.glob("[0-9]*.md"):
        assert "## Try it\n" in path.read_text(), path.name
        assert "<details><summary>" in path.read_text(), path.name
