# SPDX-License-Identifier: Apache-2.0
"""Options of group [rpc]: how long messages are tried and waited for."""

from oslo_config import cfg

GROUP = cfg.OptGroup("rpc", title="Remote procedure calls")

OPTS = [
    cfg.IntOpt(
        "retry",
        default=5,
        min=0,
        help="How often a message is sent again while the broker is away, with growing pauses (1, 3, 5, ... "
        "seconds), before the sender is told that it could not be delivered.",
    ),
    cfg.FloatOpt(
        "queue_patience",
        default=10.0,
        min=0.0,
        help="Seconds that a message is tried again for which the broker has no queue, before the sender is told that "
        "nobody listens. After a restart of the broker the queues come back with their services. minova-api waits "
        "[api] bus_timeout instead. 0 tells the sender at once.",
    ),
    cfg.IntOpt(
        "compute_timeout",
        default=10,
        min=2,
        help="Seconds without a sign of life after which the API gives up a question to a compute, such as for a "
        "console log.",
    ),
    cfg.IntOpt(
        "long_timeout",
        default=120,
        min=2,
        help="Seconds that a caller waits at most for a server that shows that it works on the call. All calls "
        "between minova's services are monitored so; how long a silent server is waited for is an option of each "
        "kind of call.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
