# SPDX-License-Identifier: Apache-2.0
"""Which faults a seed plans."""

import pytest

from minova.chaos import configuration, plan

SERVICES = ("api-1", "conductor-1", "conductor-2", "broker")


def planned(seed=1, storm_seconds=600, services=SERVICES, interval_seconds=4, foreign=()):
    return plan.faults(seed, storm_seconds, services, interval_seconds, foreign)


def test_the_same_seed_plans_the_same_and_another_something_else():
    assert planned(seed=1) == planned(seed=1)
    assert planned(seed=1) != planned(seed=2)


def test_a_shorter_storm_begins_as_a_longer_one():
    # So a finding late in an hour can be looked for with the same faults before it.
    short = planned(storm_seconds=100)
    assert [f for f in planned() if f.at_seconds + f.seconds < 90] == [
        f for f in short if f.at_seconds + f.seconds < 90
    ]


def test_every_service_meets_every_kind():
    met = {(fault.service, fault.kind) for fault in planned(storm_seconds=3600)}
    assert met == {(service, kind) for service in SERVICES for kind in (plan.KILL, plan.STOP, plan.RESTART)}


@pytest.mark.parametrize("seed", range(20))
def test_a_service_is_not_hit_while_it_is_stopped_and_no_stop_outlasts_the_storm(seed):
    free_at = {}
    for fault in planned(seed=seed, interval_seconds=0.5):
        assert fault.at_seconds >= free_at.get(fault.service, 0)
        free_at[fault.service] = fault.at_seconds + fault.seconds
        assert fault.at_seconds + fault.seconds <= 600.1


@pytest.mark.parametrize(("name", "kind"), [("RabbitMQ", plan.CUT), ("SQLite", plan.LOCK)])
def test_what_is_no_service_meets_its_own_kind_and_no_other(name, kind):
    met = [fault for fault in planned(foreign=[(name, kind)]) if fault.service == name]
    assert {fault.kind for fault in met} == {kind}
    assert all((fault.seconds > 0) == (kind == plan.LOCK) for fault in met)
    # Longer, and all hosts would be listed as down, which they are not.
    assert max(fault.seconds for fault in met) < configuration.OPTIONS["DEFAULT"]["service_down_time"] - 1


def test_faults_come_about_as_often_as_asked_for():
    assert len(planned(storm_seconds=36000, services=[f"s{n}" for n in range(1000)])) == pytest.approx(
        9000, rel=0.05
    )
