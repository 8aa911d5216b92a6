# SPDX-License-Identifier: Apache-2.0
"""The live trace in a terminal: what is read off its screen, and one short run against real processes."""

import pytest

from minova.bench import accounting, terminal, tracing
from minova.bench.report import Report

FIGURES = ["terminal_sent", "terminal_shown", "terminal_missing", "terminal_lag", "terminal_cpu"]
HEAD = ["boot   req-{}", "         api              conductor", "          │                   │"]
MESSAGE = ["          │ build_instances  1.3 KB  minova → conductor", "   0.000  ├───────cast───────▶│"]


def screen(*blocks):
    """:param blocks: (request, how many messages), or a line as it is"""
    shown = terminal.Screen()
    for block in blocks:
        for line in [block] if isinstance(block, str) else _lines(*block):
            shown.read(line)
    return shown


def _lines(request, count):
    return [*(line.format(request) for line in HEAD), *(MESSAGE * count)]


def test_messages_are_counted_by_their_arrows():
    assert screen((1, 3), "   0.000 ! ping: held in conductor until it is let go", (2, 5)).shown == 8


def test_all_messages_of_all_boots_pass():
    screen((1, 3), (2, 8), (1, 5)).check(2)


@pytest.mark.parametrize(
    "blocks",
    [
        [(1, 8), (2, 7)],
        [(1, 8)],
        # As many as were sent, but one of them twice.
        [(1, 9), (2, 7)],
        # It says one, and two are missing.
        [(1, 8), (2, 6), "--- 1 messages are missing here: this terminal was too slow for them ---"],
    ],
)
def test_what_is_missing_without_a_word_is_an_error(blocks):
    with pytest.raises(tracing.TracingError, match="of 16 messages"):
        screen(*blocks).check(2)


@pytest.mark.parametrize("said", ["2", "some"])
def test_what_the_trace_says_to_be_missing_is_a_figure(said):
    shown = screen(
        (1, 8), f"--- {said} messages are missing here: this terminal was too slow for them ---", (2, 6)
    )
    figures = {
        figure.name: figure for figure in terminal.figures({"count": 2, "seconds": 1}, shown, 0.5, 2, 1.2)
    }

    assert list(figures) == FIGURES
    assert (figures["terminal_sent"].value, figures["terminal_missing"].value) == (16, 2)
    assert not figures["terminal_missing"].reached
    assert (figures["terminal_cpu"].value, figures["terminal_lag"].value) == (25, 1.2)


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
def test_a_short_run_shows_every_message(tmp_path):
    report = Report({})

    terminal.measure(report, str(tmp_path), rate=50, seconds=1)

    values = {figure.name: figure.value for figure in report.figures}
    assert list(values) == FIGURES
    assert (values["terminal_sent"], values["terminal_shown"], values["terminal_missing"]) == (400, 400, 0)
    assert values["terminal_cpu"] > 0


def test_a_trace_that_does_not_start_is_told():
    with pytest.raises(tracing.TracingError, match="did not start: .*No broker lets us in at 127.0.0.1:1"):
        terminal.Terminal("rabbit://127.0.0.1:1/").__enter__()
