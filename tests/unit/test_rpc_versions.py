# SPDX-License-Identifier: Apache-2.0
"""The two ends of each RPC interface agree: the same methods, the same newest version."""

import inspect
import re

import pytest

from minova import baserpc
from minova.compute import manager as compute_manager
from minova.compute import rpcapi as compute_rpcapi
from minova.conductor import manager as conductor_manager
from minova.conductor import rpcapi as conductor_rpcapi
from minova.network import manager as network_manager
from minova.network import rpcapi as network_rpcapi
from minova.scheduler import manager as scheduler_manager
from minova.scheduler import rpcapi as scheduler_rpcapi

_PAIRS = [
    (baserpc.BaseAPI, baserpc.BaseRPCAPI),
    (compute_rpcapi.ComputeAPI, compute_manager.ComputeManager),
    (conductor_rpcapi.ConductorAPI, conductor_manager.ConductorManager),
    (conductor_rpcapi.ComputeTaskAPI, conductor_manager.ComputeTaskManager),
    (network_rpcapi.NetworkAPI, network_manager.NetworkManager),
    (scheduler_rpcapi.SchedulerAPI, scheduler_manager.SchedulerManager),
]
_NOT_REMOTE = {"wait_until_ready", "can_rebuild_instance"}


def _ids(value):
    return value.__name__


@pytest.mark.parametrize(("client", "server"), _PAIRS, ids=_ids)
def test_the_server_answers_the_newest_version_of_the_history(client, server):
    history = re.findall(r"^    \* (\d+\.\d+) - ", client.__doc__, re.MULTILINE)

    assert history[-1] == client.VERSION == server.target.version


@pytest.mark.parametrize(("client", "server"), _PAIRS, ids=_ids)
def test_every_method_of_the_client_is_in_the_history_and_on_the_server(client, server):
    methods = {
        name for name, _function in inspect.getmembers(client, inspect.isfunction) if not name.startswith("_")
    }

    for method in methods - _NOT_REMOTE:
        assert method in client.__doc__, f"{client.__name__}.{method} is missing in the history"
        assert hasattr(server, method), f"{server.__name__} does not answer {method}"
