# SPDX-License-Identifier: Apache-2.0
"""The coming back of many listeners: what is counted, and one small herd on a real broker."""

import pytest

from minova.bench import reconnect, report


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, 2), (1.0, 4), (0.01, 1), (60, 5)])
def test_the_fullest_interval_counts_wherever_it_begins(seconds, expected):
    assert reconnect.most_within([0.0, 0.85, 0.95, 1.02, 1.84], seconds) == expected


def test_an_interval_does_not_hold_its_end():
    assert reconnect.most_within([0.0, 1.0], 1.0) == 1


def test_every_listener_is_seen_coming_back(tmp_path):
    found = report.Report({})

    reconnect.measure(found, str(tmp_path), connections=8, outages={"short": 0.5})

    values = {figure.name: figure.value for figure in found.figures}
    assert len(values) == 6
    for kind in ("stock", "minova"):
        assert 1 <= values[f"reconnect_short_{kind}_tenth"] <= values[f"reconnect_short_{kind}_second"]
        assert values[f"reconnect_short_{kind}_all"] >= 0
    assert {figure.note for figure in found.figures if figure.note} == {"of 8"}
