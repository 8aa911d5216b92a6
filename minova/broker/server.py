# SPDX-License-Identifier: Apache-2.0
"""The broker of one process: listens, holds the vhosts, shuts down."""

import asyncio
import dataclasses
import logging

from minova.broker import errors, stats
from minova.broker.connection import Connection
from minova.broker.vhost import Vhost

LOG = logging.getLogger(__name__)

_BACKLOG = 1024  # all of a cloud's processes come back at once after a restart
_SHUTDOWN_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Settings:
    """What group [broker] says, read once: oslo.config is slow to ask."""

    listen: str = "127.0.0.1"
    port: int = 5673
    users: dict = dataclasses.field(default_factory=lambda: {"guest": "guest"})
    vhosts: tuple = ("/",)
    heartbeat_seconds: int = 60
    handshake_timeout: int = 10
    frame_max: int = 131072
    channel_max: int = 2047
    accept_quorum_arguments: bool = False


class Server:
    """All connections and vhosts."""

    def __init__(self, settings, version="0"):
        self.settings = settings
        self.version = version
        self.vhosts = {name: Vhost(name, settings) for name in settings.vhosts}
        self.connections = set()
        self.churn = stats.Churn()
        self._listener = None

    async def start(self):
        """Begin to listen; return the port.

        :raises OSError: when the address cannot be had
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Connection(self), self.settings.listen, self.settings.port, backlog=_BACKLOG
        )
        host, port = self._listener.sockets[0].getsockname()[:2]
        LOG.info("listening on %s:%d", host, port)
        return port

    async def stop(self):
        """Close all connections, politely for half a second."""
        self._listener.close()
        LOG.info("stopping; open connections: %d", len(self.connections))
        reason = errors.ConnectionException(
            errors.CONNECTION_FORCED, "broker forced connection closure with reason 'shutdown'"
        )
        for connection in list(self.connections):
            connection.close_because(reason)
        deadline = asyncio.get_running_loop().time() + _SHUTDOWN_SECONDS
        while self.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for connection in list(self.connections):
            connection.abort()
