# SPDX-License-Identifier: Apache-2.0
"""The choice in memory."""

import random

import pytest

from minova.scheduler import chooser, extensions
from tests.unit.scheduler.builders import new_flavor, new_host, new_request


@pytest.fixture
def choose(conf):
    def run(hosts, request_spec, count=1, seed="any"):
        a_chooser = chooser.Chooser(
            extensions.load_filters(), extensions.load_weighers(), random.Random(seed)
        )
        return a_chooser.choose(hosts, request_spec, count)

    return run


def hosts_of(choices):
    return [choice.host for choice in choices]


def test_the_host_with_most_room_is_chosen(choose):
    hosts = [new_host("host1", memory_mb_used=10), new_host("host2"), new_host("host3", vcpus_used=3)]

    assert hosts_of(choose(hosts, new_request())) == ["host2"]


def test_alternates_are_the_next_best(choose):
    hosts = [new_host(f"host{number}", memory_mb_used=number) for number in range(5)]

    (choice,) = choose(hosts, new_request())

    assert [selection.host for selection in choice.selections] == ["host0", "host1", "host2"]
    assert choice.selections[0].weight > choice.selections[1].weight


@pytest.mark.parametrize(("max_attempts", "hosts"), [(1, 1), (2, 2), (3, 3), (30, 30), (100, 40)])
def test_there_is_an_alternate_for_each_further_attempt(conf, choose, max_attempts, hosts):
    conf.config(group="scheduler", max_attempts=max_attempts)

    (choice,) = choose([new_host(f"host{number}") for number in range(40)], new_request())

    assert len({selection.host for selection in choice.selections}) == len(choice.selections) == hosts


def test_instances_of_a_request_are_spread_and_fill_the_hosts(choose):
    hosts = [new_host("host1", vcpus_capacity=2), new_host("host2", vcpus_capacity=2)]

    chosen = hosts_of(choose(hosts, new_request(), count=5))

    assert sorted(chosen[:2]) == sorted(chosen[2:4]) == ["host1", "host2"]
    assert chosen[4] is None


def test_no_host_is_chosen_beyond_its_capacity_without_any_filter(conf, choose):
    conf.config(group="scheduler", enabled_filters=[])

    choices = choose([new_host(vcpus_capacity=1)], new_request(), count=2)

    assert hosts_of(choices) == ["host1", None]
    assert choices[1].decision["filters"][-1]["name"] == "ClaimFilter"


def test_the_same_seed_chooses_the_same(choose):
    def run(seed):
        return hosts_of(choose([new_host(f"host{n}") for n in range(20)], new_request(), count=10, seed=seed))

    assert run("a") == run("a")
    assert run("a") != run("b")


def test_a_host_is_drawn_from_the_best_of_the_subset_size(conf, choose):
    conf.config(group="scheduler", host_subset_size=2)
    conf.config(group="scheduler", max_attempts=2)

    drawn = set()
    for seed in range(50):
        hosts = [new_host(f"host{number}", memory_mb_used=number) for number in range(5)]
        (choice,) = choose(hosts, new_request(), seed=seed)
        drawn.add(tuple(selection.host for selection in choice.selections))

    assert drawn == {("host0", "host1"), ("host1", "host0")}


def test_a_decision_names_the_reason_of_every_host(choose):
    hosts = [
        new_host("host1", up=False, seconds_since_report=70),
        new_host("host2", memory_mb_used=8000),
        new_host("host3", num_io_ops=2),
    ]

    (choice,) = choose(hosts, new_request(flavor=new_flavor(memory_mb=2048)))

    filters = {each["name"]: each for each in choice.decision["filters"]}
    assert filters["ComputeFilter"] == {
        "name": "ComputeFilter",
        "removed": 1,
        "hosts": {"host1": "its service last reported 70 s ago"},
    }
    assert filters["RamFilter"]["hosts"] == {"host2": "needs 2048 MB, 192 of 8192 MB are free"}
    assert filters["DiskFilter"] == {"name": "DiskFilter", "removed": 0, "hosts": {}}
    assert choice.decision["hosts"] == 3
    assert choice.decision["left"] == 1
    assert choice.decision["host"] == "host3"
    assert choice.decision["alternates"] == []
    assert choice.decision["weights"] == [
        {
            "host": "host3",
            "weight": 0.0,
            "weighers": {"RAMWeigher": 0.0, "CPUWeigher": 0.0, "DiskWeigher": 0.0, "IoOpsWeigher": 0.0},
        }
    ]


def test_a_decision_is_bounded_however_many_hosts_there_are(choose):
    hosts = [new_host(f"host{number}", up=number % 2 == 0) for number in range(500)]

    (choice,) = choose(hosts, new_request())

    (compute, *_) = choice.decision["filters"]
    assert compute["removed"] == 250
    assert len(compute["hosts"]) == 100
    assert len(choice.decision["weights"]) == 20


def test_the_order_of_filters_is_that_of_the_option(conf, choose):
    conf.config(group="scheduler", enabled_filters=["RamFilter", "ComputeFilter"])

    (choice,) = choose([new_host(up=False, memory_mb_used=8192)], new_request())

    removed = [(each["name"], each["removed"]) for each in choice.decision["filters"]]
    assert removed == [("RamFilter", 1), ("ComputeFilter", 0), ("ClaimFilter", 0)]
