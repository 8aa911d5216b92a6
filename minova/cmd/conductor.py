# SPDX-License-Identifier: Apache-2.0
"""minova-conductor: writes the records for the computes and runs the long tasks."""

from minova import broken_pipe
from minova.cmd import common
from minova.conductor import manager, rpcapi

CONF = common.CONF


@broken_pipe.ends_quietly
def main():
    common.parse(manager.ConductorManager.service_name)
    common.serve(
        manager.ConductorManager.service_name,
        rpcapi.TOPIC,
        manager.ConductorManager,
        workers=CONF.conductor.workers,
    )
