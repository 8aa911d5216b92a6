# SPDX-License-Identifier: Apache-2.0
"""A compute of RPC version 1.0, as a process: it does not know of alternates."""

import oslo_messaging as messaging

from minova.cmd import common
from minova.compute import manager, rpcapi
from minova.virt import fake


class OldComputeManager(manager.ComputeManager):
    target = messaging.Target(version="1.0")

    def build_and_run_instance(self, context, instance, request_spec):
        super().build_and_run_instance(context, instance, request_spec)


if __name__ == "__main__":
    common.parse("minova-compute")
    host = common.CONF.host
    common.serve(
        "minova-compute",
        rpcapi.TOPIC,
        lambda bus: OldComputeManager(bus, [host], fake.FakeDriver(common.CONF)),
        hosts=[host],
    )
