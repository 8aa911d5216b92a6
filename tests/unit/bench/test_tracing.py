# SPDX-License-Identifier: Apache-2.0
"""The cost of the firehose: what is reported of turns, and one short run against real processes."""

import pytest

from minova.bench import accounting, trace_load, tracing
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.report import Report
from minova.trace.message import CAST, REPLY, decode

FIGURES = [
    *("trace_off", "trace_publish", "trace_all"),
    *("trace_publish_ratio", "trace_all_ratio", "trace_services_ratio"),
]


def test_ratios_are_of_one_round():
    turns = [
        *(("off", (10, 1.0, 5.0, 1.0)), ("publish", (10, 1.2, 5.0, 1.0)), ("all", (10, 1.5, 5.5, 1.0))),
        # The machine was busy: twice the time for all.
        *(("off", (10, 2.0, 10.0, 1.0)), ("publish", (10, 2.4, 10.0, 1.0)), ("all", (10, 3.0, 11.0, 1.0))),
        *(("off", (10, 1.0, 5.0, 1.0)), ("publish", (10, 1.3, 5.0, 1.0)), ("all", (10, 1.4, 5.5, 1.0))),
    ]
    figures = {figure.name: figure for figure in tracing.figures(turns)}

    assert list(figures) == FIGURES
    assert figures["trace_off"].note == "30 boots"
    assert figures["trace_publish_ratio"].value == pytest.approx(1.2)
    assert figures["trace_all_ratio"].value == pytest.approx(1.5)
    assert figures["trace_services_ratio"].value == pytest.approx(1.1)


@pytest.mark.parametrize("number", range(len(trace_load.STEPS)))
def test_message_of_the_load_is_as_large_as_in_minova(number):
    sent = trace_load.STEPS[number]
    octets = trace_load.Step(number).octets(7)
    body = octets[octets.index(b'{"oslo.version"') : -1]
    message = decode(body, sent.exchange, sent.routing_key, 0)

    assert len(body) == sent.size
    assert message.unique_id == f"{number:02}{7:030}"
    answered = sent.answers if sent.answers is not None else number
    assert message.msg_id == ("" if message.kind == CAST else f"{answered:02}{7:030}")
    assert message.request_id == ("" if message.kind == REPLY else f"req-{7:030}")


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
def test_short_run_measures_what_it_says(tmp_path):
    report = Report({})

    tracing.measure(report, str(tmp_path), rate=50, turn_seconds=0.5, rounds=1)

    assert [figure.name for figure in report.figures] == FIGURES
    assert all(figure.value > 0 for figure in report.figures)
    assert not report.remarks or "too busy for 50 boots a second" in report.remarks[0]


def test_missing_copies_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(tracing, "_SETTLE_SECONDS", 0.1)
    with EmbeddedBroker(str(tmp_path)) as broker, tracing.Tracer(broker.transport_url, ("#",)) as tracer:
        error = pytest.raises(tracing.TracingError, tracer.wait_for, 1)

    assert str(error.value) == "of 1 copies 0 came"
