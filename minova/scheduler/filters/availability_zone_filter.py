# SPDX-License-Identifier: Apache-2.0
"""Only hosts of the availability zone that was asked for."""

from minova.scheduler import filters


class AvailabilityZoneFilter(filters.BaseHostFilter):
    def host_passes(self, host, request_spec):
        return request_spec.availability_zone in (None, host.availability_zone)

    def reason(self, host, request_spec):
        return f"is in zone {host.availability_zone}, not in {request_spec.availability_zone}"
