# SPDX-License-Identifier: Apache-2.0
"""No host on which the instance was already tried in vain."""

from minova.scheduler import filters


class RetryFilter(filters.BaseHostFilter):
    def host_passes(self, host, request_spec):
        return host.host not in request_spec.ignore_hosts

    def reason(self, host, request_spec):
        return "was already tried"
