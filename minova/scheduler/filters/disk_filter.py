# SPDX-License-Identifier: Apache-2.0
"""Only hosts with enough free disk."""

from minova.scheduler import filters


class DiskFilter(filters.BaseHostFilter):
    """An instance may share disk with others, but not with itself: it must fit what the host really has."""

    def host_passes(self, host, request_spec):
        return request_spec.local_gb <= host.free_local_gb and request_spec.local_gb <= host.local_gb

    def reason(self, host, request_spec):
        if request_spec.local_gb > host.local_gb:
            return f"needs {request_spec.local_gb} GB, the host has {host.local_gb} GB in all"
        return (
            f"needs {request_spec.local_gb} GB, {host.free_local_gb} of {host.local_gb_capacity} GB are free"
        )
