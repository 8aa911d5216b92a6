# SPDX-License-Identifier: Apache-2.0
"""Only hosts with enough free virtual CPUs."""

from minova.scheduler import filters


class CoreFilter(filters.BaseHostFilter):
    """An instance may share CPUs with others, but not with itself: it must fit what the host really has."""

    def host_passes(self, host, request_spec):
        return request_spec.vcpus <= host.free_vcpus and request_spec.vcpus <= host.vcpus

    def reason(self, host, request_spec):
        if request_spec.vcpus > host.vcpus:
            return f"needs {request_spec.vcpus} vCPUs, the host has {host.vcpus} CPUs in all"
        return f"needs {request_spec.vcpus} vCPUs, {host.free_vcpus} of {host.vcpus_capacity} are free"
