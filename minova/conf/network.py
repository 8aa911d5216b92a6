# SPDX-License-Identifier: Apache-2.0
"""Options of group [network]: the network service."""

from oslo_config import cfg

GROUP = cfg.OptGroup("network", title="the network service.")

OPTS = [
    cfg.IntOpt("workers", default=1, min=1, help="Number of minova-network processes."),
    cfg.IntOpt(
        "rpc_timeout",
        default=10,
        min=2,
        help="Seconds without a sign of life after which a compute gives up asking the network service for "
        "addresses.",
    ),
    cfg.IntOpt(
        "query_deadline",
        default=60,
        min=1,
        help="Seconds after which a compute that got no addresses from any network service gives the request up, and "
        "the server is tried on another host.",
    ),
    cfg.IntOpt(
        "release_interval",
        default=60,
        min=1,
        help="Seconds between two searches for addresses that deleted and failed instances still hold, because the "
        "message that should have freed them was lost.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
