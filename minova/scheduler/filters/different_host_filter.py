# SPDX-License-Identifier: Apache-2.0
"""Hint ``different_host``: no host that holds one of the named instances."""

from minova.scheduler import filters


class DifferentHostFilter(filters.BaseHostFilter):
    def host_passes(self, host, request_spec):
        return host.instances.isdisjoint(request_spec.scheduler_hints.get("different_host", ()))

    def reason(self, host, request_spec):
        there = host.instances.intersection(request_spec.scheduler_hints["different_host"])
        return f"holds {', '.join(sorted(there))}"
