# SPDX-License-Identifier: Apache-2.0
"""Durations as users write them."""

import random
import statistics

import pytest

from minova.virt import delays


@pytest.mark.parametrize(
    ("text", "kind", "parameters"),
    [
        ("0", "constant", (0,)),
        ("2.5", "constant", (2.5,)),
        (" 1e2 ", "constant", (100,)),
        ("constant:3", "constant", (3,)),
        ("uniform:1,3", "uniform", (1, 3)),
        ("uniform: 1, 3", "uniform", (1, 3)),
        ("normal:2,0.5", "normal", (2, 0.5)),
        ("exponential:2", "exponential", (2,)),
        ("lognormal:2,0.5", "lognormal", (2, 0.5)),
    ],
)
def test_duration_is_read(text, kind, parameters):
    assert delays.parse(text) == delays.Delay(kind, parameters)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "soon", "-1", "nan", "inf", "86401", "1,2", "uniform:1", "uniform:3,1", "uniform:1,2,3"),
        *("normal:2", "exponential:", "exponential:-1", "lognormal:1,x", "gamma:1,2", ":", "a:b:1", "2s"),
    ],
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration"):
        delays.parse(text)


@pytest.mark.parametrize(
    ("text", "median"),
    [
        ("2", 2),
        ("uniform:1,3", 2),
        ("normal:2,0.5", 2),
        ("exponential:2", 1.386),
        ("lognormal:2,0.5", 2),
    ],
)
def test_distributions_have_their_median(text, median):
    chance = random.Random(1)
    samples = [delays.parse(text).sample(chance) for _ in range(4000)]

    assert statistics.median(samples) == pytest.approx(median, rel=0.06)
    assert min(samples) >= 0


@pytest.mark.parametrize(
    "text", ["normal:0,80000", "lognormal:86400,86400", "exponential:86400", "exponential:0"]
)
def test_no_duration_leaves_its_bounds(text):
    chance = random.Random(1)

    assert all(0 <= delays.parse(text).sample(chance) <= delays.LONGEST_SECONDS for _ in range(1000))
