# SPDX-License-Identifier: Apache-2.0
"""What the hosts of this process have and use, as it is told to the conductor and the schedulers."""

import json

from minova import objects


class ResourceTracker:
    """Sees the hosts through the driver and the tasks in hand; claims are the scheduler's affair."""

    def __init__(self, hosts, driver, tasks_in_hand):
        # Whether the hosts take new instances.
        self.accepting = True
        self._hosts = hosts
        self._driver = driver
        self._tasks_in_hand = tasks_in_hand

    def host_states(self):
        """The present objects.HostState of every host."""
        io_ops = self._tasks_in_hand.count_by_host()
        return [self._host_state(host, io_ops.get(host, 0)) for host in self._hosts]

    def _host_state(self, host, num_io_ops):
        resources = self._driver.get_available_resource(host)
        return objects.HostState(
            host=host,
            hypervisor_hostname=resources.hypervisor_hostname,
            hypervisor_type=resources.hypervisor_type,
            hypervisor_version=resources.hypervisor_version,
            vcpus=resources.vcpus,
            memory_mb=resources.memory_mb,
            local_gb=resources.local_gb,
            cpu_info=json.dumps(resources.cpu_info),
            running_vms=resources.guests,
            num_io_ops=num_io_ops,
            accepting=self.accepting,
        )
