# SPDX-License-Identifier: Apache-2.0
"""minova-scheduler: chooses and claims hosts for instances."""

import minova.conf
from minova import broken_pipe
from minova.cmd import common
from minova.scheduler import manager, rpcapi

CONF = minova.conf.CONF


@broken_pipe.ends_quietly
def main():
    common.parse(manager.SchedulerManager.service_name)
    common.serve(
        manager.SchedulerManager.service_name,
        rpcapi.TOPIC,
        manager.SchedulerManager,
        workers=CONF.scheduler.workers,
    )


if __name__ == "__main__":
    main()
