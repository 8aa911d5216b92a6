# SPDX-License-Identifier: Apache-2.0
"""Decisions as people read them."""

import datetime
import random
import types

import pytest

from minova.scheduler import chooser, explanation, extensions
from tests.unit.scheduler.builders import new_host, new_request


@pytest.fixture
def decide(conf):
    def run(hosts):
        a_chooser = chooser.Chooser(extensions.load_filters(), extensions.load_weighers(), random.Random(1))
        (choice,) = a_chooser.choose(hosts, new_request(), 1)
        return choice

    return run


def lines_of(decision, host):
    row = types.SimpleNamespace(
        attempt=0,
        created_at=datetime.datetime(2026, 1, 2, 3, 4, 5),
        request_id="req-1",
        host=host,
        decision=decision,
    )
    return list(explanation.explain(row))


def test_a_placed_instance(decide):
    hosts = [new_host("host1"), new_host("host2", memory_mb_used=1024), new_host("host3", disabled=True)]
    choice = decide(hosts)

    assert lines_of(choice.decision, choice.host) == [
        "attempt 1, 2026-01-02 03:04:05 UTC, req-1: claimed host1, alternates host2",
        "  hosts considered: 3",
        "  ComputeFilter took 1:",
        "    host3: its service is disabled (no reason given)",
        "  hosts left: 2",
        "    host1 weighs 1.000 (RAMWeigher 1.000, CPUWeigher 0.000, DiskWeigher 0.000, IoOpsWeigher 0.000)",
        "    host2 weighs 0.000 (RAMWeigher 0.000, CPUWeigher 0.000, DiskWeigher 0.000, IoOpsWeigher 0.000)",
    ]


def test_an_instance_without_host(decide):
    choice = decide([new_host(f"host{number}", accepting=False) for number in range(12)])

    lines = lines_of(choice.decision, None)

    assert lines[0].endswith("req-1: no host")
    assert lines[2] == "  ComputeFilter took 12:"
    assert lines[-3:] == ["    host9: its service is stopping", "    and 2 more", "  hosts left: 0"]


def test_an_instance_whose_request_failed_as_a_whole(decide):
    choice = decide([new_host("host1")])

    first, *_ = lines_of({**choice.decision, "undone": "another had none"}, None)

    assert first.endswith("no host: host1 was chosen, but another had none")
