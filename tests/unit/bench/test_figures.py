# SPDX-License-Identifier: Apache-2.0
"""Percentiles, ratios, aims."""

import pytest

from minova.bench.figures import KINDS, Figure, percentile, ratio


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7], 90, 7),
        ([1, 2], 50, 1.5),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 90, 10),
        ([11, 1, 10, 2, 9, 3, 8, 4, 7, 5, 6], 50, 6),
    ],
)
def test_percentile(values, percent, expected):
    assert percentile(values, percent) == pytest.approx(expected)


def test_ratio_of_nothing_is_0():
    assert ratio(1, 4) == 0.25
    assert ratio(1, 0) == 0


@pytest.mark.parametrize(
    ("name", "value", "reached"),
    [
        ("lone", 60, True),
        ("lone", 60.1, False),
        ("boots", 100, True),
        ("boots", 99.9, False),
        ("ratio", 0.4, True),
        ("boots_p50", 1, None),
        ("burst_failed", 0, True),
        ("burst_failed", 1, False),
    ],
)
def test_an_aim_is_reached_or_not_or_not_there(name, value, reached):
    assert Figure(name, value).reached is reached


def test_no_figure_has_two_aims():
    assert [name for name, kind in KINDS.items() if None not in (kind.at_most, kind.at_least)] == []
