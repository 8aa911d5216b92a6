# SPDX-License-Identifier: Apache-2.0
"""minova-conductor: writes the records for the computes and runs the long tasks."""

from minova.cmd import common
from minova.conductor import manager, rpcapi

CONF = common.CONF


def main():
    common.parse(manager.ConductorManager.service_name)
    common.serve(
        manager.ConductorManager.service_name,
        rpcapi.TOPIC,
        manager.ConductorManager,
        workers=CONF.conductor.workers,
    )
