# SPDX-License-Identifier: Apache-2.0
"""The management API of one broker: its port, its sampling of rates, its end."""

import asyncio
import contextlib
import logging

from minova.broker.management import counts, rates
from minova.broker.management.http import HttpConnection
from minova.broker.management.routes import Api
from minova.broker.management.state import NODE, State

LOG = logging.getLogger(__name__)


class ManagementServer:
    """Serves the API from the event loop of the broker."""

    def __init__(self, broker, listen, port):
        self._broker = broker
        self._address = (listen, port)
        self._rates = rates.Rates()
        self._connections = set()
        self._listener = None
        self._sampling = None

    async def start(self):
        """Begin to listen; return the port.

        :raises OSError: when the address cannot be had
        """
        listeners = [_row(*listener) for listener in self._broker.listeners]
        api = Api(State(self._broker, self._rates), listeners)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: HttpConnection(api.handle, self._connections), *self._address
        )
        host, port = self._listener.sockets[0].getsockname()[:2]
        listeners.append(_row("http", host, port))
        self._sampling = loop.create_task(self._rates.run(lambda: counts.of_all(self._broker)))
        LOG.info("management API at http://%s:%d/api/", f"[{host}]" if ":" in host else host, port)
        return port

    async def stop(self):
        self._listener.close()
        for connection in list(self._connections):
            connection.abort()
        self._sampling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sampling


def _row(protocol, host, port):
    return {"node": NODE, "protocol": protocol, "ip_address": host, "port": port}
