# SPDX-License-Identifier: Apache-2.0
"""minova-network: gives instances their addresses."""

from minova import broken_pipe
from minova.cmd import common
from minova.network import manager, rpcapi

CONF = common.CONF


@broken_pipe.ends_quietly
def main():
    common.parse(manager.NetworkManager.service_name)
    common.serve(
        manager.NetworkManager.service_name,
        rpcapi.TOPIC,
        manager.NetworkManager,
        workers=CONF.network.workers,
    )


if __name__ == "__main__":
    main()
