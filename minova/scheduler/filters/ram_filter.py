# SPDX-License-Identifier: Apache-2.0
"""Only hosts with enough free memory."""

from minova.scheduler import filters


class RamFilter(filters.BaseHostFilter):
    """An instance may share memory with others, but not with itself: it must fit what the host really has."""

    def host_passes(self, host, request_spec):
        return request_spec.memory_mb <= host.free_memory_mb and request_spec.memory_mb <= host.memory_mb

    def reason(self, host, request_spec):
        if request_spec.memory_mb > host.memory_mb:
            return f"needs {request_spec.memory_mb} MB, the host has {host.memory_mb} MB in all"
        return f"needs {request_spec.memory_mb} MB, {host.free_memory_mb} of {host.memory_mb_capacity} MB are free"
