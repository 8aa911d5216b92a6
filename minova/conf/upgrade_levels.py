# SPDX-License-Identifier: Apache-2.0
"""Options of group [upgrade_levels]: RPC versions that clients are pinned to during an upgrade."""

from oslo_config import cfg

GROUP = cfg.OptGroup("upgrade_levels", title="RPC versions that clients are pinned to during an upgrade.")

OPTS = [
    cfg.StrOpt(
        "compute", help="Highest version of the compute RPC API that is sent; unset means the newest."
    ),
    cfg.StrOpt(
        "conductor", help="Highest version of the conductor RPC API that is sent; unset means the newest."
    ),
    cfg.StrOpt(
        "scheduler", help="Highest version of the scheduler RPC API that is sent; unset means the newest."
    ),
    cfg.StrOpt(
        "network", help="Highest version of the network RPC API that is sent; unset means the newest."
    ),
    cfg.StrOpt("baseapi", help="Highest version of the base RPC API that is sent; unset means the newest."),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
