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
    cfg.IntOpt(
        "compute_timeout",
        default=10,
        min=1,
        help="Seconds that the API waits for a compute's answer, such as a console log.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
