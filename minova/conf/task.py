# SPDX-License-Identifier: Apache-2.0
"""Options of group [task]: deadlines of the tasks that change an instance."""

from oslo_config import cfg

GROUP = cfg.OptGroup("task", title="deadlines of the tasks that change an instance.")

OPTS = [
    cfg.IntOpt(
        "deadline_seconds",
        default=60,
        min=1,
        help="Seconds without a sign of life after which a task counts as abandoned and is taken over.",
    ),
    cfg.FloatOpt(
        "sweep_interval",
        default=5.0,
        min=0.1,
        help="Seconds between two looks of a conductor for abandoned tasks.",
    ),
    cfg.IntOpt(
        "max_takeovers",
        default=3,
        min=0,
        help="How often a task that comes no further is taken over before it is given up.",
    ),
]


def register_opts(conf):
    conf.register_group(GROUP)
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    return [(GROUP, OPTS)]
