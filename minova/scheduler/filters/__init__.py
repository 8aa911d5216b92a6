# SPDX-License-Identifier: Apache-2.0
"""Filters: which hosts an instance may go to at all. One module each; see docs/scheduler.md to add one."""


class BaseHostFilter:
    """A filter says yes or no to one host, and why.

    Within a request it is asked about every host that the filters before it let through, and again about a
    host that was just chosen for another instance of the request, as that is the only one that changed.
    """

    @property
    def name(self):
        return type(self).__name__

    def host_passes(self, host, request_spec):
        """Whether the instances of ``request_spec`` may go to ``host`` (see host_manager.Host)."""
        raise NotImplementedError

    def reason(self, host, request_spec):
        """Why ``host_passes`` just said no: a clause for people, such as "needs 2048 MB, 512 MB are free"."""
        return "refused"
