# SPDX-License-Identifier: Apache-2.0
"""Options of group [DEFAULT]: what every service shares."""

import os
import socket

from oslo_config import cfg

CLI_OPTS = [
    cfg.HostAddressOpt(
        "host",
        default=socket.gethostname(),
        sample_default="<this machine's host name>",
        help="Name of this host: the server part of its RPC target, and the name under which its services are listed.",
    ),
]

OPTS = [
    cfg.StrOpt(
        "state_path",
        default=os.path.join(os.getcwd(), "state"),
        sample_default="./state",
        help="Directory of everything that minova keeps on disk: the default SQLite database, the simulated "
        "hypervisors' guests, process ids.",
    ),
    cfg.FloatOpt(
        "report_interval",
        default=10.0,
        min=0.1,
        help="Seconds between two state reports (heartbeats) of a service.",
    ),
    cfg.IntOpt(
        "service_down_time",
        default=60,
        min=2,
        help="Seconds after its last report at which a service is taken for down.",
    ),
    cfg.FloatOpt(
        "database_patience",
        default=30.0,
        min=0.0,
        help="Seconds that a service waits for a database that is away or locked before what it does fails. What "
        "failed so is taken up again at the deadline of its task. For minova-api see [api] database_timeout.",
    ),
    cfg.IntOpt(
        "graceful_shutdown_timeout",
        default=30,
        min=1,
        help="Seconds that a service which got SIGTERM may take to finish what it has in hand; then it exits "
        "all the same.",
    ),
]


def register_opts(conf):
    conf.register_cli_opts(CLI_OPTS)
    conf.register_opts(OPTS)


def list_opts():
    return [("DEFAULT", CLI_OPTS + OPTS)]
