# SPDX-License-Identifier: Apache-2.0
"""How the minova of a storm is configured: all deadlines short, so that minutes hold many of them."""

# A guest takes its time, so that a fault meets work of every kind, and some hosts fail by themselves.
OPTIONS = {
    "DEFAULT": {"report_interval": 1, "service_down_time": 6, "graceful_shutdown_timeout": 10},
    "task": {"deadline_seconds": 6, "sweep_interval": 1, "max_takeovers": 5},
    "compute": {"reconcile_interval": 3, "guest_poll_interval": 0.5},
    "conductor": {"rpc_timeout": 10},
    "scheduler": {"rpc_timeout": 5, "query_deadline": 20},
    "network": {"release_interval": 5},
    "quota": {"instances": -1, "cores": -1, "ram": -1},
    "fake_driver": {
        "spawn_seconds": "uniform:0,2",
        "destroy_seconds": "uniform:0,1",
        "power_on_seconds": "uniform:0,1",
        "power_off_seconds": "uniform:0,1",
        "reboot_seconds": "uniform:0,1",
        "spawn_failure_rate": 0.03,
    },
}
# A queue of a process that died stays for so long; by the environment, for a group of that name in a file would
# switch off what `minova up` does for newer brokers.
QUEUE_EXPIRY_SECONDS = 20
ENVIRONMENT = {"OS_OSLO_MESSAGING_RABBIT__RABBIT_TRANSIENT_QUEUES_TTL": str(QUEUE_EXPIRY_SECONDS)}
# After the last fault everything has to be at rest within this: some takeovers of a task that is unlucky each time,
# and the pause after which `minova up` starts what died.
SETTLE_SECONDS = 120


def text():
    """The configuration file."""
    lines = []
    for group, options in OPTIONS.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in options.items()), ""]
    return "\n".join(lines)
