# SPDX-License-Identifier: Apache-2.0
"""minova-page: serves the page that shows what is said on the bus."""

import sys

from oslo_config import cfg

import minova.conf
from minova import broken_pipe, exception, launcher
from minova.cmd import plain_logging
from minova.conf import neighbours
from minova.page import service

CONF = minova.conf.CONF


@broken_pipe.ends_quietly
def main():
    CONF.register_cli_opt(plain_logging.DEBUG_OPT)
    neighbours.register_bus(CONF, service.DEFAULT_TRANSPORT_URL)
    try:
        CONF(sys.argv[1:], project="minova", prog=service.BINARY)
    except cfg.Error as error:
        sys.exit(f"{service.BINARY}: {error}")
    plain_logging.set_up(CONF.debug)
    try:
        page = service.PageService()
    except exception.InvalidOption as error:
        sys.exit(f"{service.BINARY}: {error.message}")
    launcher.launch(page)


if __name__ == "__main__":
    main()
