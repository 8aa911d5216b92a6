# SPDX-License-Identifier: Apache-2.0
"""Takes a compute's inventory and usage to where schedulers look: the records, and the schedulers themselves."""

from minova.conductor import rpcapi as conductor_rpcapi
from minova.scheduler import rpcapi as scheduler_rpcapi


class SchedulerReportClient:
    """One per minova-compute process, for all its hosts.

    :param conductor: in place of a conductor rpcapi on ``bus``; ``scheduler`` in place of a scheduler's.
    """

    def __init__(self, bus, conductor=None, scheduler=None):
        self._conductor_rpcapi = conductor or conductor_rpcapi.ConductorAPI(bus)
        self._scheduler_rpcapi = scheduler or scheduler_rpcapi.SchedulerAPI(bus)
        self._accepting_by_host = {}

    def report_host_states(self, context, host_states):
        """Have the states (objects.HostState) of the process's hosts recorded by a conductor: one message.

        A host that starts or stops to accept instances is told to all schedulers first, in one message more:
        until the record is written, each of them might still choose wrongly.
        """
        changed = [each for each in host_states if self._accepting_by_host.get(each.host) != each.accepting]
        if changed:
            self._scheduler_rpcapi.update_host_states(context, changed)
            self._accepting_by_host.update({each.host: each.accepting for each in changed})
        self._conductor_rpcapi.report_host_states(context, host_states)
