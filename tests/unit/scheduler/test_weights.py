# SPDX-License-Identifier: Apache-2.0
"""Each weigher and the way their weights are put together."""

import random

import pytest

from minova.scheduler import plain_request_spec, weights
from minova.scheduler.weights import cpu, disk, io_ops, ram
from tests.unit.scheduler.builders import new_host, new_request

SPEC = plain_request_spec.from_object(new_request())

WEIGHERS = [
    (ram.RAMWeigher, new_host(memory_mb_capacity=4096, memory_mb_used=1024), 3072),
    (cpu.CPUWeigher, new_host(vcpus_capacity=32, vcpus_used=2), 30),
    (disk.DiskWeigher, new_host(local_gb_capacity=100, local_gb_used=99), 1),
    (io_ops.IoOpsWeigher, new_host(num_io_ops=3), 3),
]


@pytest.mark.parametrize(("weigher", "host", "weight"), WEIGHERS)
def test_what_is_weighed(weigher, host, weight):
    assert weigher().weigh(host, SPEC) == weight


MULTIPLIERS = [
    (ram.RAMWeigher, "ram_weight_multiplier", 1.0),
    (cpu.CPUWeigher, "cpu_weight_multiplier", 1.0),
    (disk.DiskWeigher, "disk_weight_multiplier", 1.0),
    (io_ops.IoOpsWeigher, "io_ops_weight_multiplier", -1.0),
]


@pytest.mark.parametrize(("weigher", "option", "default"), MULTIPLIERS)
def test_the_multiplier_is_an_option(conf, weigher, option, default):
    assert weigher().multiplier() == default

    conf.config(group="scheduler", **{option: 2.5})

    assert weigher().multiplier() == 2.5


class Weigher(weights.BaseHostWeigher):
    """Gives the hosts, by name, the weights it is made with."""

    def __init__(self, name, multiplier, weight_by_host):
        self._name = name
        self._multiplier = multiplier
        self._weight_by_host = weight_by_host

    @property
    def name(self):
        return self._name

    def multiplier(self):
        return self._multiplier

    def weigh(self, host, request_spec):
        return self._weight_by_host[host.host]


SUMS = [
    # Scaled to 0..1: 100 MB more weigh as much as 100000 MB more.
    ([(1.0, (100, 200, 300))], (0.0, 0.5, 1.0)),
    ([(1.0, (-1, 0, 99999))], (0.0, 0.00001, 1.0)),
    ([(-1.0, (100, 200, 300))], (0.0, -0.5, -1.0)),
    ([(0.0, (100, 200, 300))], (0.0, 0.0, 0.0)),
    # Nothing to choose by.
    ([(1.0, (7, 7, 7))], (0.0, 0.0, 0.0)),
    ([], (0.0, 0.0, 0.0)),
    ([(1.0, (0, 0, 10)), (2.0, (0, 4, 2))], (0.0, 2.0, 2.0)),
    ([(1.0, (0, 5, 10)), (-1.0, (0, 5, 10))], (0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("columns", "expected"), SUMS)
def test_weights_are_scaled_multiplied_and_added(columns, expected):
    names = ["host1", "host2", "host3"]
    weighers = [
        Weigher(f"weigher{number}", multiplier, dict(zip(names, column, strict=True)))
        for number, (multiplier, column) in enumerate(columns)
    ]

    best = weights.find_best(weighers, [new_host(name) for name in names], SPEC, random.Random(1), 3)

    by_host = {each.host.host: each.weight for each in best}
    assert [by_host[name] for name in names] == pytest.approx(expected, abs=1e-5)
    assert [each.weight for each in best] == sorted(by_host.values(), reverse=True)
    assert all(sum(each.by_weigher.values()) == pytest.approx(each.weight) for each in best)


def test_no_more_than_the_best_are_returned():
    hosts = [new_host(f"host{number}", num_io_ops=number) for number in range(9)]

    best = weights.find_best(
        [Weigher("io", -1, {h.host: h.num_io_ops for h in hosts})], hosts, SPEC, random, 2
    )

    assert [each.host.host for each in best] == ["host0", "host1"]


def test_no_host_has_no_best():
    assert weights.find_best([ram.RAMWeigher()], [], SPEC, random, 2) == []


def test_equals_come_in_random_order():
    hosts = [new_host(f"host{number}") for number in range(5)]
    chance = random.Random("any")

    firsts = {weights.find_best([], hosts, SPEC, chance, 1)[0].host.host for _ in range(100)}

    assert firsts == {host.host for host in hosts}
