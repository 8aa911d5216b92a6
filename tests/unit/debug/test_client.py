# SPDX-License-Identifier: Apache-2.0
"""The client where there is nothing that could answer."""

import pytest

from minova.debug import client
from minova.up.record import Record


def record(**fields):
    common = {"pid": 1, "started": 0, "state_path": "", "api_url": "", "hosts": 1}
    return Record(**common, **fields)


def test_other_brokers_are_told_apart_in_one_sentence():
    found = record(transport_url="rabbit://guest:secret@box:5672/nova", embedded_broker=False)

    with pytest.raises(client.NoBroker) as refusal:
        client.DebugClient.of(found)
    assert str(refusal.value) == (
        "Holds and faults on the bus need the embedded broker; this bus is rabbit://guest:***@box:5672/nova."
    )


def test_broker_that_is_away_is_told():
    found = record(
        transport_url="rabbit://guest:guest@127.0.0.1:1/",
        embedded_broker=True,
        management_url="http://127.0.0.1:1/api/",
    )

    with pytest.raises(client.DebugError, match="management API at 127.0.0.1:1 does not answer .*refused"):
        client.DebugClient.of(found).holds()
