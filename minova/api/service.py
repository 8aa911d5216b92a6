# SPDX-License-Identifier: Apache-2.0
"""minova-api as a service: the HTTP server, beside an RPC server that answers the base namespace alone."""

import minova.conf
from minova import manager, rpc_impatient, service
from minova.api import apis, app, wsgi_server
from minova.compute import api as compute_api
from minova.compute import flavors, host_api
from minova.image import api as image_api

CONF = minova.conf.CONF
BINARY = "minova-api"
TOPIC = "api"


class ApiManager(manager.Manager):
    """Has no endpoints: the API's work comes by HTTP.

    :param listener: the socket that wsgi_server.bind() made.
    """

    service_name = BINARY

    def __init__(self, bus, database, listener):
        self._host_api = host_api.API(database)
        the_apis = apis.Apis(
            compute=compute_api.API(bus, database),
            flavors=flavors.API(database),
            hosts=self._host_api,
            images=image_api.API(database),
        )
        self._wsgi_server = wsgi_server.WsgiServer(app.create_app(the_apis), listener)

    def init_host(self):
        """Answer as soon as there are records and a host; reading needs no bus.

        Unlike Nova: who boots as soon as the API of a new cloud answers is not told that there is no host yet.
        """
        self._host_api.wait_for_records()
        self._host_api.wait_for_a_host(CONF.api.host_patience)
        self._wsgi_server.start()

    def report_state(self):
        self._host_api.report_state(CONF.host, BINARY, TOPIC)

    def stop_http(self):
        """Answer what came, and take nothing more."""
        self._wsgi_server.stop()

    def stop(self):
        self._host_api.close()


class ApiService(service.Service):
    """Lets no request wait for a bus that is away, and stops HTTP first: requests in hand need bus and records."""

    def stop(self):
        self.manager.stop_http()
        super().stop()

    def _make_bus(self):
        return rpc_impatient.ImpatientBus(self.binary, self.host, self.topic)
