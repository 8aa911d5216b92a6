# SPDX-License-Identifier: Apache-2.0
"""Options of group [fake_driver]: the simulated hypervisor."""

from oslo_config import cfg

GROUP = cfg.OptGroup("fake_driver", title="the simulated hypervisor.")

# The operations that take time and that can fail: each has a delay and a failure rate.
WORK = ("spawn", "destroy", "power_on", "power_off", "reboot")

_DURATION = (
    "A number, or a distribution: uniform:LOW,HIGH; normal:MEAN,DEVIATION (never below 0); exponential:MEAN; "
    "lognormal:MEDIAN,SIGMA. 0 does not wait. The server's metadata minova:%(name)s goes before it."
)


def _delay_opt(method):
    name = f"{method}_seconds"
    return cfg.StrOpt(
        name, default="0", help=f"Seconds that each {method} takes. " + _DURATION % {"name": name}
    )


def _failure_rate_opt(method):
    name = f"{method}_failure_rate"
    return cfg.FloatOpt(
        name,
        default=0.0,
        min=0.0,
        max=1.0,
        help=f"Share of the {method} operations that fail after their delay: 0 none, 1 all. The server's "
        f"metadata minova:{name} goes before it.",
    )


OPTS = [
    cfg.IntOpt(
        "vcpus",
        default=64,
        min=1,
        help="Virtual CPUs of each simulated host: those of a common two-socket server, so that with the "
        "scheduler's allocation ratio of 4.0 one host holds 256 guests of one virtual CPU.",
    ),
    cfg.IntOpt(
        "memory_mb",
        default=262144,
        min=1,
        help="Memory in MB of each simulated host: 1 GB for each of those 256 guests.",
    ),
    cfg.IntOpt(
        "local_gb",
        default=8192,
        min=0,
        help="Disk in GB of each simulated host: 32 GB for each of those 256 guests.",
    ),
    cfg.StrOpt(
        "seed",
        help="Any text. With the same seed, the same servers asked for in the same order meet the same "
        "delays, failures and crashes. Unset means that every run is different. The seed counts from the "
        "beginning of the store of guests: reset that to see the run again.",
    ),
    *[_delay_opt(method) for method in WORK],
    cfg.FloatOpt(
        "delay_jitter",
        default=0.0,
        min=0.0,
        max=1.0,
        help="Share by which each delay of this group varies up and down, evenly: 0.1 makes 10 seconds "
        "9 to 11.",
    ),
    *[_failure_rate_opt(method) for method in WORK],
    cfg.FloatOpt(
        "guest_crash_rate",
        default=0.0,
        min=0.0,
        help="Crashes of each running guest per hour, on average; the times between are exponential. 0 means "
        "never. The server's metadata minova:crash_after_seconds goes before it.",
    ),
    cfg.FloatOpt(
        "guest_stop_rate",
        default=0.0,
        min=0.0,
        help="How often per hour, on average, each running guest shuts itself down; the times between are "
        "exponential. 0 means never. The server's metadata minova:stop_after_seconds goes before it.",
    ),
    cfg.FloatOpt(
        "busy_timeout",
        default=10.0,
        min=0.1,
        help="Seconds that an operation waits for the store of guests while another process writes to it; "
        "then it fails.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
