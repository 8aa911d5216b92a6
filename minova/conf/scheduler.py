# SPDX-License-Identifier: Apache-2.0
"""Options of group [scheduler]: the choice of hosts."""

from oslo_config import cfg

GROUP = cfg.OptGroup("scheduler", title="the choice of hosts.")


def _multiplier_opt(name, default, what):
    return cfg.FloatOpt(
        f"{name}_weight_multiplier",
        default=default,
        help=f"How much {what} counts in a host's weight. Positive prefers the host with the most, negative the one "
        "with the least, 0 ignores it.",
    )


OPTS = [
    cfg.IntOpt("workers", default=1, min=1, help="Number of minova-scheduler processes."),
    cfg.ListOpt(
        "enabled_filters",
        default=[
            "ComputeFilter",
            "AvailabilityZoneFilter",
            "ForcedHostFilter",
            "RetryFilter",
            "SameHostFilter",
            "DifferentHostFilter",
            "CoreFilter",
            "RamFilter",
            "DiskFilter",
        ],
        help="Filters that a host must pass, in this order. Each is a name of entry point group "
        "minova.scheduler.filters, in which other packages may offer more.",
    ),
    cfg.ListOpt(
        "enabled_weighers",
        default=["RAMWeigher", "CPUWeigher", "DiskWeigher", "IoOpsWeigher"],
        help="Weighers by which the hosts that pass are ordered. Each is a name of entry point group "
        "minova.scheduler.weights, in which other packages may offer more.",
    ),
    _multiplier_opt("ram", 1.0, "free memory"),
    _multiplier_opt("cpu", 1.0, "the number of free virtual CPUs"),
    _multiplier_opt("disk", 1.0, "free disk"),
    _multiplier_opt("io_ops", -1.0, "the number of builds and moves in hand"),
    cfg.IntOpt(
        "host_subset_size",
        default=1,
        min=1,
        help="The host is drawn at random from this many of the best. More than 1 lets several schedulers meet less "
        "often on the same host, at the price of a choice that is not the best. Equal weights are always in "
        "random order.",
    ),
    cfg.StrOpt(
        "seed",
        help="Any text. With the same seed, the same requests in the same order meet the same chance. Unset means "
        "that every run is different.",
    ),
    cfg.IntOpt(
        "max_attempts",
        default=3,
        min=1,
        help="Hosts on which one instance is tried, the first included, before it becomes ERROR.",
    ),
    cfg.IntOpt(
        "rpc_timeout",
        default=10,
        min=2,
        help="Seconds without a sign of life of the scheduler after which a conductor asks again.",
    ),
    cfg.IntOpt(
        "query_deadline",
        default=60,
        min=1,
        help="Seconds after which a conductor that got no answer from any scheduler gives the request up.",
    ),
    cfg.IntOpt(
        "decisions_kept",
        default=10000,
        min=-1,
        help="Number of decisions (one per instance and attempt) that stay readable; older ones are deleted from time "
        "to time. -1 keeps all.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
