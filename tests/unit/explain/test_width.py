# SPDX-License-Identifier: Apache-2.0
"""How wide `minova explain` and `minova doctor` write."""

import io

import pytest

from minova.explain import width


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("columns", "used"), [("20", 60), ("100", 100), ("300", 120)])
def test_a_terminal_is_filled_within_reason(monkeypatch, columns, used):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", columns)
    assert width.of_output() == used


def test_a_piped_sentence_is_never_broken(monkeypatch):
    """`minova explain SERVER | grep ...` found nothing where a line had been broken within what it looked for."""
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "80")
    assert width.of_output() > 10_000
