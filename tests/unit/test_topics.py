# SPDX-License-Identifier: Apache-2.0
"""No handler sends to its own topic: as many that wait for one another as a pool has threads would wait for ever."""

import pytest

from minova.compute import manager as compute_manager
from minova.compute import rpcapi as compute_rpcapi
from minova.conductor import manager as conductor_manager
from minova.conductor import rpcapi as conductor_rpcapi
from minova.network import manager as network_manager
from minova.network import rpcapi as network_rpcapi
from minova.scheduler import manager as scheduler_manager
from minova.scheduler import rpcapi as scheduler_rpcapi
from tests.fake_bus import FakeBus


class TopicsBus(FakeBus):
    """A bus that notes to which topics clients are made."""

    def __init__(self):
        super().__init__()
        self.topics = set()

    def get_client(self, target, version_cap=None):
        # Not in a handler: a thread of its own has a conductor call itself (conductor/test_manager.py).
        if (target.topic, target.namespace) != (conductor_rpcapi.TOPIC, "baseapi"):
            self.topics.add(target.topic)
        return super().get_client(target, version_cap)


class NoDriver:
    """A manager is only made here; nothing is asked of its hypervisor."""


@pytest.mark.parametrize(
    ("make", "own", "others"),
    [
        (
            lambda bus: compute_manager.ComputeManager(bus, ["host1"], NoDriver()),
            compute_rpcapi.TOPIC,
            {conductor_rpcapi.TOPIC, network_rpcapi.TOPIC, scheduler_rpcapi.TOPIC},
        ),
        (
            conductor_manager.ConductorManager,
            conductor_rpcapi.TOPIC,
            {compute_rpcapi.TOPIC, network_rpcapi.TOPIC, scheduler_rpcapi.TOPIC},
        ),
        (network_manager.NetworkManager, network_rpcapi.TOPIC, set()),
        (scheduler_manager.SchedulerManager, scheduler_rpcapi.TOPIC, set()),
    ],
    ids=["compute", "conductor", "network", "scheduler"],
)
def test_a_manager_has_clients_for_other_topics_only(conf, tmp_path, make, own, others):
    conf.config(state_path=str(tmp_path))
    bus = TopicsBus()

    make(bus)

    assert bus.topics == others
    assert own not in others
