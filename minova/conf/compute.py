# SPDX-License-Identifier: Apache-2.0
"""Options of group [compute]: the compute service and its resource tracker."""

from oslo_config import cfg

GROUP = cfg.OptGroup("compute", title="the compute service and its resource tracker.")


def _allocation_ratio_opt(name, default, what):
    return cfg.FloatOpt(
        f"{name}_allocation_ratio",
        default=default,
        min=0.0,
        help=f"How often {what} of a host may be claimed: 1.0 hands out what there is, 2.0 twice as much. Read by the "
        "conductors, which record it with every host's inventory.",
    )


OPTS = [
    _allocation_ratio_opt("cpu", 4.0, "each CPU"),
    _allocation_ratio_opt("ram", 1.0, "the memory"),
    _allocation_ratio_opt("disk", 1.0, "the disk"),
    cfg.ListOpt(
        "hosts",
        default=[],
        help="Hosts that one minova-compute process serves. Empty means the one host named by [DEFAULT] host.",
    ),
    cfg.StrOpt(
        "host_pattern",
        default="host{}",
        help="How the hosts of `minova-compute --hosts N` are named; {} stands for 1 to N.",
    ),
    cfg.StrOpt("availability_zone", default="nova", help="Availability zone of this process's hosts."),
    cfg.FloatOpt(
        "guest_poll_interval",
        default=1.0,
        min=0.1,
        help="Seconds between two looks for guests that stopped or crashed by themselves.",
    ),
    cfg.FloatOpt(
        "reconcile_interval",
        default=60.0,
        min=0.1,
        help="Seconds between two comparisons of the guests with the records: a guest that is not on record "
        "for its host is destroyed.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
