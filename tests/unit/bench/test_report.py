# SPDX-License-Identifier: Apache-2.0
"""The tables that people read, and the JSON that programs read."""

import json

import pytest

from minova.bench import accounting
from minova.bench.figures import Figure
from minova.bench.report import Report, number


@pytest.fixture
def report():
    report = Report({"broker": "embedded"})
    report.figures += [Figure("lone", 41.26, "24 boots"), Figure("boots", 17.0), Figure("boots_p50", 1234.5)]
    report.cpu_ms = {"boot": {"api": 1.5, "broker": 0.25, "clients": 9}, "floor": {"broker": 2}}
    report.memory = {"api": accounting.Memory(108_900_000, 96_000_000, 1)}
    return report


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.01774, "0.0177"), (4.968, "4.97"), (99.94, "99.9"), (168.7, "169"), (1234567, "1234567")],
)
def test_numbers_have_three_digits_that_count(value, expected):
    assert number(value) == expected


def test_every_figure_is_a_row_with_its_aim(report):
    rows = {row.split("  ")[0]: row.split() for row in report.text().splitlines() if row}

    assert rows["lone boot, median"][3:] == [
        "41.3",
        "ms",
        "<=",
        "60",
        "yes",
        "500",
        "to",
        "560",
        "24",
        "boots",
    ]
    assert rows["boots per second"][3:] == ["17", "1/s", ">=", "100", "NO", "1.38"]
    assert rows["boot under this load, median"][5:] == ["1234", "ms", "-", "-"]


def test_clients_do_not_count_in_the_sum_of_the_services(report):
    rows = [row.split() for row in report.text().splitlines()]

    assert ["api", "1.50", "-"] in rows
    assert ["clients", "9.00", "-"] in rows
    assert ["together", "1.75", "2.00"] in rows


def test_memory_is_shown_in_megabytes(report):
    assert ["api", "109", "96", "1"] in [row.split() for row in report.text().splitlines()]


def test_remarks_close_the_report(report):
    report.remarks.append("Messages are not counted.")

    assert report.text().endswith("\n\nMessages are not counted.")


def test_the_json_says_whether_aims_are_reached(report):
    decoded = json.loads(json.dumps(report.as_dict()))

    lone = decoded["figures"][0]
    assert (lone["name"], lone["value"], lone["at_most"], lone["reached"]) == ("lone", 41.26, 60, True)
    assert decoded["figures"][2]["reached"] is None
    assert decoded["memory"]["api"]["rss_bytes"] == 108_900_000
    assert decoded["machine"]["cpus"] >= 1
