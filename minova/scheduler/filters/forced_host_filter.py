# SPDX-License-Identifier: Apache-2.0
"""Only the host that was asked for by name, if one was."""

from minova.scheduler import filters


class ForcedHostFilter(filters.BaseHostFilter):
    """Unlike Nova, where a forced host skips all filters: here it must pass the others too."""

    def host_passes(self, host, request_spec):
        return request_spec.force_host in (None, host.host)

    def reason(self, host, request_spec):
        return f"is not the host asked for, {request_spec.force_host}"
