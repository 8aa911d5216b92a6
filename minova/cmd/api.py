# SPDX-License-Identifier: Apache-2.0
"""minova-api: serves the REST API, and answers pings on topic ``api``."""

import sys

from minova import broken_pipe, exception
from minova.api import service, wsgi_server
from minova.cmd import common
from minova.db import engine

CONF = common.CONF


@broken_pipe.ends_quietly
def main():
    common.parse(service.BINARY)
    try:
        listener = wsgi_server.bind()
    except exception.InvalidOption as error:
        sys.exit(f"{service.BINARY}: {error.message}")

    def make_manager(bus):
        return service.ApiManager(bus, engine.Database(CONF.api.database_timeout), listener)

    # The parent of several workers lets go of the socket when they have to: else it would keep who connects waiting.
    the_service = service.ApiService(service.BINARY, service.TOPIC, make_manager)
    common.serve_service(the_service, CONF.api.workers, on_terminate=listener.close)
