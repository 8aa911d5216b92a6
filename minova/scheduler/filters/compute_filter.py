# SPDX-License-Identifier: Apache-2.0
"""Only hosts whose compute service is up, enabled and not about to stop."""

from minova.scheduler import filters


class ComputeFilter(filters.BaseHostFilter):
    def host_passes(self, host, request_spec):
        return host.up and not host.disabled and host.accepting

    def reason(self, host, request_spec):
        if host.disabled:
            return f"its service is disabled ({host.disabled_reason or 'no reason given'})"
        if host.forced_down:
            return "its service is forced down"
        if not host.up:
            return f"its service last reported {host.seconds_since_report:.0f} s ago"
        return "its service is stopping"
