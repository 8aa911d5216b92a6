# SPDX-License-Identifier: Apache-2.0
"""What is said to have decided between two hosts."""

from minova.explain import choice


def test_weighers_with_equal_shares_are_named_together():
    """`most of it by RAMWeigher`, which had less than half of it, as another had."""
    weights = [
        {"host": "host1", "weight": 2.5, "weighers": {"RAMWeigher": 1.0, "CPUWeigher": 0.5, "DiskWeigher": 1.0}},
        {"host": "host2", "weight": 0.0, "weighers": {"RAMWeigher": 0.0, "CPUWeigher": 0.0, "DiskWeigher": 0.0}},
    ]  # fmt: skip
    told = choice._difference(weights, "host1")
    assert told == "host1 is 2.500 ahead of host2, the largest share by RAMWeigher, DiskWeigher"
