# SPDX-License-Identifier: Apache-2.0
"""The last filter of all, not to be switched off: whether the claim can succeed."""

from minova.scheduler import filters


class ClaimFilter(filters.BaseHostFilter):
    """Compares what a claim compares; takes nothing away where the filters of each resource are enabled."""

    def host_passes(self, host, request_spec):
        return (
            request_spec.vcpus <= host.free_vcpus
            and request_spec.memory_mb <= host.free_memory_mb
            and request_spec.local_gb <= host.free_local_gb
        )

    def reason(self, host, request_spec):
        return (
            f"needs {request_spec.vcpus} vCPUs, {request_spec.memory_mb} MB and {request_spec.local_gb} GB; free are "
            f"{host.free_vcpus} vCPUs, {host.free_memory_mb} MB and {host.free_local_gb} GB"
        )
