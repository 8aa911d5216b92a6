# SPDX-License-Identifier: Apache-2.0
"""Hint ``same_host``: only hosts that hold one of the named instances."""

from minova.scheduler import filters


class SameHostFilter(filters.BaseHostFilter):
    def host_passes(self, host, request_spec):
        uuids = request_spec.scheduler_hints.get("same_host")
        return not uuids or not host.instances.isdisjoint(uuids)

    def reason(self, host, request_spec):
        return f"holds none of {', '.join(request_spec.scheduler_hints['same_host'])}"
