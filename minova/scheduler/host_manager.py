# SPDX-License-Identifier: Apache-2.0
"""The hosts as filters and weighers see them: the records, with what the hosts themselves said since."""

import dataclasses
import time

import minova.conf
from minova import servicegroup
from minova.db import allocations, compute_nodes

CONF = minova.conf.CONF
_HINTS_ABOUT_INSTANCES = ("same_host", "different_host")


@dataclasses.dataclass(slots=True, eq=False)
class Host:
    """One compute host while one request is placed. Memory in MB, disk in GB.

    ``vcpus``, ``memory_mb`` and ``local_gb`` are what there is, ``*_capacity`` what may be claimed in all
    (the same times the allocation ratio), ``*_used`` what is claimed. ``instances`` are the uuids on this
    host of those that the request's hints name, not of all.
    """

    host: str
    availability_zone: str
    up: bool
    forced_down: bool
    seconds_since_report: float
    disabled: bool
    disabled_reason: str | None
    accepting: bool
    vcpus: int
    memory_mb: int
    local_gb: int
    vcpus_capacity: int
    memory_mb_capacity: int
    local_gb_capacity: int
    vcpus_used: int
    memory_mb_used: int
    local_gb_used: int
    num_io_ops: int
    running_vms: int
    instances: frozenset = frozenset()

    @property
    def free_vcpus(self):
        return self.vcpus_capacity - self.vcpus_used

    @property
    def free_memory_mb(self):
        return self.memory_mb_capacity - self.memory_mb_used

    @property
    def free_local_gb(self):
        return self.local_gb_capacity - self.local_gb_used

    def consume(self, request_spec):
        """Count one more instance of the request on this host, for the next instance's sake."""
        self.vcpus_used += request_spec.vcpus
        self.memory_mb_used += request_spec.memory_mb
        self.local_gb_used += request_spec.local_gb
        self.num_io_ops += 1
        self.running_vms += 1


class HostManager:
    """Reads hosts for each request anew; between requests it keeps only what hosts told by fanout."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._live_states = {}

    def update_host_states(self, host_states):
        """Use what hosts say of themselves over their records, until these must have caught up."""
        now = self._clock()
        self._live_states.update({host_state.host: (now, host_state) for host_state in host_states})

    def get_hosts(self, conn, request_spec, lock=False):
        """All hosts with a service.

        :param lock: keep others from claiming on any of them until the transaction ends.
        """
        hosts = [_from_row(row) for row in compute_nodes.find_candidates(conn, lock)]
        self._lay_live_states_over(hosts)
        self._note_hinted_instances(conn, request_spec, hosts)
        return hosts

    def _lay_live_states_over(self, hosts):
        # The compute tells a conductor at the same moment, and both again after an interval.
        oldest = self._clock() - CONF.report_interval
        for host in hosts:
            moment, live_state = self._live_states.get(host.host, (None, None))
            if live_state is None or moment < oldest:
                continue
            host.accepting = live_state.accepting
            host.num_io_ops = live_state.num_io_ops
            host.running_vms = live_state.running_vms

    def _note_hinted_instances(self, conn, request_spec, hosts):
        uuids = {
            uuid for hint in _HINTS_ABOUT_INSTANCES for uuid in request_spec.scheduler_hints.get(hint, ())
        }
        if not uuids:
            return
        instances_by_host = {}
        for row in allocations.find_of_project(conn, request_spec.project_id, uuids):
            instances_by_host.setdefault(row.host, set()).add(row.instance_uuid)
        for host in hosts:
            host.instances = frozenset(instances_by_host.get(host.host, ()))


def _from_row(row):
    return Host(
        host=row.host,
        availability_zone=row.availability_zone,
        up=servicegroup.is_up(row),
        forced_down=row.forced_down,
        seconds_since_report=row.seconds_since_report,
        disabled=row.disabled,
        disabled_reason=row.disabled_reason,
        accepting=row.accepting,
        vcpus=row.vcpus,
        memory_mb=row.memory_mb,
        local_gb=row.local_gb,
        # Rounded down, which for whole claims is the same as the comparison that claims make.
        vcpus_capacity=int(row.vcpus * row.cpu_allocation_ratio),
        memory_mb_capacity=int(row.memory_mb * row.ram_allocation_ratio),
        local_gb_capacity=int(row.local_gb * row.disk_allocation_ratio),
        vcpus_used=row.vcpus_used,
        memory_mb_used=row.memory_mb_used,
        local_gb_used=row.local_gb_used,
        num_io_ops=row.num_io_ops,
        running_vms=row.running_vms,
    )
