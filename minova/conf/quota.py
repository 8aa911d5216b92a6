# SPDX-License-Identifier: Apache-2.0
"""Options of group [quota]: the default quotas of a project; -1 means unlimited."""

from oslo_config import cfg

GROUP = cfg.OptGroup("quota", title="the default quotas of a project; -1 means unlimited.")

OPTS = [
    cfg.IntOpt(
        "instances", default=1000, min=-1, help="Instances that a project may have; -1 means unlimited."
    ),
    cfg.IntOpt(
        "cores", default=4000, min=-1, help="Virtual CPUs of all instances of a project; -1 means unlimited."
    ),
    cfg.IntOpt(
        "ram",
        default=4096000,
        min=-1,
        help="Memory in MB of all instances of a project; -1 means unlimited.",
    ),
    cfg.IntOpt(
        "metadata_items", default=128, min=-1, help="Metadata items of one instance; -1 means unlimited."
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
