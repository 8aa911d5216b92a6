# SPDX-License-Identifier: Apache-2.0
"""What the console scripts of the services share: options, logging, the way into the launcher."""

import sys

from oslo_log import log

import minova.conf
from minova import exception, launcher, rpc, service

CONF = minova.conf.CONF
_LINE = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s "
_LEVELS_OF_LIBRARIES = [
    "alembic=WARN",
    "amqp=ERROR",
    "kombu=WARN",
    "oslo.messaging=WARN",
    "oslo.service=WARN",
    "oslo_messaging=WARN",
    "sqlalchemy=WARN",
    "stevedore=WARN",
    "waitress.queue=ERROR",
]


def parse(binary, argv=None):
    """Read the command line and the configuration files, and set logging up."""
    log.register_options(CONF)
    log.set_defaults(
        logging_context_format_string=_LINE + "[%(request_id)s] %(message)s",
        default_log_levels=_LEVELS_OF_LIBRARIES,
    )
    CONF.set_default("logging_default_format_string", _LINE + "[-] %(message)s")
    rpc.set_defaults(CONF)
    CONF(sys.argv[1:] if argv is None else argv, project="minova", prog=binary)
    log.setup(CONF, "minova")


def serve(binary, topic, make_manager, workers=1, hosts=()):
    """Run one service until it is told to stop."""
    serve_service(service.Service(binary, topic, make_manager, hosts), workers)


def serve_service(a_service, workers=1, on_terminate=None):
    """Run a service object; an option that cannot work ends the process with one sentence."""
    try:
        launcher.launch(a_service, workers, on_terminate)
    except exception.InvalidOption as error:
        sys.exit(f"{a_service.binary}: {error.message}")
