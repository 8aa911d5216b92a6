# SPDX-License-Identifier: Apache-2.0
"""Options of group [conductor]: the conductor service."""

from oslo_config import cfg

GROUP = cfg.OptGroup("conductor", title="the conductor service.")

OPTS = [
    cfg.IntOpt("workers", default=1, min=1, help="Number of minova-conductor processes."),
    cfg.IntOpt(
        "rpc_timeout",
        default=30,
        min=2,
        help="Seconds without a sign of life after which a compute gives up a question to a conductor.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
