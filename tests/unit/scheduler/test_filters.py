# SPDX-License-Identifier: Apache-2.0
"""Each filter as a table: the host, the request, and why it is refused (None: it passes)."""

import pytest

from minova.scheduler import plain_request_spec
from minova.scheduler.filters import (
    availability_zone_filter,
    claim_filter,
    compute_filter,
    core_filter,
    different_host_filter,
    disk_filter,
    forced_host_filter,
    ram_filter,
    retry_filter,
    same_host_filter,
)
from tests.unit.scheduler.builders import new_flavor, new_host, new_request

COMPUTE = [
    (new_host(), None),
    (new_host(up=False, seconds_since_report=75.4), "its service last reported 75 s ago"),
    (new_host(up=False, forced_down=True), "its service is forced down"),
    (new_host(disabled=True), "its service is disabled (no reason given)"),
    (new_host(disabled=True, disabled_reason="new disk"), "its service is disabled (new disk)"),
    (new_host(accepting=False), "its service is stopping"),
]


@pytest.mark.parametrize(("host", "reason"), COMPUTE)
def test_compute_filter(host, reason):
    assert refusal(compute_filter.ComputeFilter(), host, new_request()) == reason


CORE = [
    (new_host(vcpus=8, vcpus_capacity=32, vcpus_used=30), 2, None),
    (new_host(vcpus=8, vcpus_capacity=32, vcpus_used=31), 2, "needs 2 vCPUs, 1 of 32 are free"),
    (new_host(vcpus=8, vcpus_capacity=32, vcpus_used=0), 8, None),
    (new_host(vcpus=8, vcpus_capacity=32, vcpus_used=0), 9, "needs 9 vCPUs, the host has 8 CPUs in all"),
    # The ratio was lowered after the claims were made.
    (new_host(vcpus=8, vcpus_capacity=8, vcpus_used=20), 1, "needs 1 vCPUs, -12 of 8 are free"),
]


@pytest.mark.parametrize(("host", "vcpus", "reason"), CORE)
def test_core_filter(host, vcpus, reason):
    request = new_request(flavor=new_flavor(vcpus=vcpus))
    assert refusal(core_filter.CoreFilter(), host, request) == reason


RAM = [
    (new_host(memory_mb_capacity=2560, memory_mb_used=512), 2048, None),
    (new_host(memory_mb_capacity=2560, memory_mb_used=2048), 2048, "needs 2048 MB, 512 of 2560 MB are free"),
    (new_host(memory_mb=1024, memory_mb_capacity=4096), 2048, "needs 2048 MB, the host has 1024 MB in all"),
]


@pytest.mark.parametrize(("host", "memory_mb", "reason"), RAM)
def test_ram_filter(host, memory_mb, reason):
    request = new_request(flavor=new_flavor(memory_mb=memory_mb))
    assert refusal(ram_filter.RamFilter(), host, request) == reason


DISK = [
    (new_host(local_gb_used=90), {"root_gb": 10}, None),
    (new_host(local_gb_used=90), {"root_gb": 10, "ephemeral_gb": 1}, "needs 11 GB, 10 of 100 GB are free"),
    (new_host(local_gb_used=90), {"root_gb": 9, "swap": 1024}, None),
    (new_host(local_gb_used=90), {"root_gb": 9, "swap": 1025}, "needs 11 GB, 10 of 100 GB are free"),
    (new_host(local_gb=10, local_gb_capacity=40), {"root_gb": 20}, "needs 20 GB, the host has 10 GB in all"),
    (new_host(local_gb_used=100), {"root_gb": 0}, None),
]


@pytest.mark.parametrize(("host", "sizes", "reason"), DISK)
def test_disk_filter(host, sizes, reason):
    request = new_request(flavor=new_flavor(**sizes))
    assert refusal(disk_filter.DiskFilter(), host, request) == reason


AVAILABILITY_ZONE = [
    (new_host(availability_zone="east"), None, None),
    (new_host(availability_zone="east"), "east", None),
    (new_host(availability_zone="east"), "west", "is in zone east, not in west"),
]


@pytest.mark.parametrize(("host", "zone", "reason"), AVAILABILITY_ZONE)
def test_availability_zone_filter(host, zone, reason):
    a_filter = availability_zone_filter.AvailabilityZoneFilter()
    assert refusal(a_filter, host, new_request(availability_zone=zone)) == reason


FORCED_HOST = [
    (new_host("host1"), None, None),
    (new_host("host1"), "host1", None),
    (new_host("host1"), "host2", "is not the host asked for, host2"),
]


@pytest.mark.parametrize(("host", "force_host", "reason"), FORCED_HOST)
def test_forced_host_filter(host, force_host, reason):
    a_filter = forced_host_filter.ForcedHostFilter()
    assert refusal(a_filter, host, new_request(force_host=force_host)) == reason


RETRY = [
    (new_host("host1"), [], None),
    (new_host("host1"), ["host2"], None),
    (new_host("host1"), ["host2", "host1"], "was already tried"),
]


@pytest.mark.parametrize(("host", "ignore_hosts", "reason"), RETRY)
def test_retry_filter(host, ignore_hosts, reason):
    assert refusal(retry_filter.RetryFilter(), host, new_request(ignore_hosts=ignore_hosts)) == reason


SAME_HOST = [
    (new_host(), {}, None),
    (new_host(), {"same_host": []}, None),
    (new_host(instances=frozenset({"a"})), {"same_host": ["a", "b"]}, None),
    (new_host(), {"same_host": ["a", "b"]}, "holds none of a, b"),
]


@pytest.mark.parametrize(("host", "hints", "reason"), SAME_HOST)
def test_same_host_filter(host, hints, reason):
    assert refusal(same_host_filter.SameHostFilter(), host, new_request(scheduler_hints=hints)) == reason


DIFFERENT_HOST = [
    (new_host(), {}, None),
    (new_host(instances=frozenset({"a"})), {}, None),
    (new_host(instances=frozenset({"a"})), {"different_host": ["b"]}, None),
    (new_host(instances=frozenset({"a", "c"})), {"different_host": ["a", "b", "c"]}, "holds a, c"),
]


@pytest.mark.parametrize(("host", "hints", "reason"), DIFFERENT_HOST)
def test_different_host_filter(host, hints, reason):
    a_filter = different_host_filter.DifferentHostFilter()
    assert refusal(a_filter, host, new_request(scheduler_hints=hints)) == reason


CLAIM = [
    (new_host(), None),
    (
        new_host(vcpus_used=8),
        "needs 1 vCPUs, 1024 MB and 10 GB; free are 0 vCPUs, 8192 MB and 100 GB",
    ),
    (
        new_host(memory_mb_used=8000),
        "needs 1 vCPUs, 1024 MB and 10 GB; free are 8 vCPUs, 192 MB and 100 GB",
    ),
    (
        new_host(local_gb_used=95),
        "needs 1 vCPUs, 1024 MB and 10 GB; free are 8 vCPUs, 8192 MB and 5 GB",
    ),
]


@pytest.mark.parametrize(("host", "reason"), CLAIM)
def test_claim_filter(host, reason):
    assert refusal(claim_filter.ClaimFilter(), host, new_request()) == reason


def refusal(a_filter, host, request_spec):
    plain_spec = plain_request_spec.from_object(request_spec)
    return None if a_filter.host_passes(host, plain_spec) else a_filter.reason(host, plain_spec)
