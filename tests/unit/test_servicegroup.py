# SPDX-License-Identifier: Apache-2.0
"""When somebody counts as down."""

import pytest

from minova import servicegroup


@pytest.mark.parametrize(
    ("report_interval", "service_down_time", "outage"),
    [(10, 60, 30), (1, 6, 3), (10, 30, 20), (10, 5, 20)],
    ids=["the defaults", "a quick one", "two reports at least", "even where that is too late"],
)
def test_an_outage_of_conductors_is_longer_than_their_usual_silence(
    conf, report_interval, service_down_time, outage
):
    conf.config(report_interval=report_interval, service_down_time=service_down_time)

    assert servicegroup.outage_seconds() == outage
