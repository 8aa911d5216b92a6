# SPDX-License-Identifier: Apache-2.0
"""minova-compute: the agent beside the hypervisor, of one host or of many."""

from oslo_config import cfg

from minova import broken_pipe
from minova.cmd import common
from minova.compute import manager, rpcapi
from minova.virt import fake

CONF = common.CONF
_CLI_OPTS = [
    cfg.IntOpt("hosts", min=1, metavar="N", help="Serve N hosts, named by [compute] host_pattern."),
    cfg.IntOpt("first-host", min=1, default=1, metavar="N", help="Number of the first of these hosts."),
]


@broken_pipe.ends_quietly
def main():
    CONF.register_cli_opts(_CLI_OPTS)
    common.parse(manager.ComputeManager.service_name)
    hosts = _hosts()
    common.serve(
        manager.ComputeManager.service_name,
        rpcapi.TOPIC,
        lambda bus: manager.ComputeManager(bus, hosts, fake.FakeDriver(CONF)),
        hosts=hosts,
    )


def _hosts():
    if CONF.hosts:
        numbers = range(CONF.first_host, CONF.first_host + CONF.hosts)
        return [CONF.compute.host_pattern.format(number) for number in numbers]
    return CONF.compute.hosts or [CONF.host]
