# SPDX-License-Identifier: Apache-2.0
"""The broker of one process: listens, holds the vhosts, shuts down."""

import asyncio
import dataclasses
import logging

from minova.broker import access, errors, memory, stats, tls
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
    loopback_users: tuple = ("guest",)
    definitions_file: str | None = None
    tls_port: int | None = None
    tls_only: bool = False
    tls_certificate_file: str | None = None
    tls_key_file: str | None = None
    tls_ca_file: str | None = None
    tls_client_certificate: str = "none"
    tls_minimum_version: str = "1.2"
    heartbeat_seconds: int = 60
    handshake_timeout: int = 10
    write_timeout: int = 1800
    max_connections: int = 0
    frame_max: int = 131072
    channel_max: int = 2047
    memory_high_watermark_mb: int | None = None
    accept_quorum_arguments: bool = False
    management_port: int | None = None
    durable: bool = False
    durable_file: str = ""


class Server:
    """All connections, vhosts and users.

    `definitions` (definitions.py), where there are any, say which vhosts and users; otherwise the settings do.
    """

    def __init__(self, settings, version="0", definitions=None):
        """:raises definitions.DefinitionsError: when they contradict themselves
        :raises store.StoreError: when the file of a durable broker cannot be used
        """
        self.settings = settings
        self.version = version
        vhost_names = settings.vhosts if definitions is None else definitions.vhosts
        self.memory = memory.Memory(
            settings.memory_high_watermark_mb * 2**20
            if settings.memory_high_watermark_mb
            else memory.default_limit()
        )
        self.store = _open_store(settings)
        self.vhosts = {name: Vhost(name, settings, self.memory, self.store) for name in vhost_names}
        if self.store is not None:
            self.store.recover(self.vhosts)
        users = _full_users(settings) if definitions is None else definitions.users
        self.access = access.Access(users, settings.loopback_users)
        self.connections = set()
        self.listeners = []  # (protocol, host, port)
        self.churn = stats.Churn()
        self._listening = []  # asyncio's servers
        if definitions is not None:
            definitions.declare(self.vhosts, keep_existing=settings.durable)

    async def start(self):
        """Begin to listen.

        :raises OSError: when an address cannot be had
        :raises tls.TlsError: when certificate, key or CA cannot be used
        """
        if self.settings.tls_only and self.settings.tls_port is None:
            raise tls.TlsError("tls_only needs tls_port")
        if self.settings.tls_port is not None:
            await self._listen(
                self.settings.tls_port,
                "amqp/ssl",
                ssl=tls.make_context(self.settings),
                ssl_handshake_timeout=self.settings.handshake_timeout,
            )
        if not self.settings.tls_only:
            await self._listen(self.settings.port, "amqp")
        self.memory.watch(self)

    async def stop(self):
        """Close all connections, politely for half a second."""
        self.memory.stop()
        for listener in self._listening:
            listener.close()
        LOG.info("stopping; open connections: %d", len(self.connections))
        for vhost in self.vhosts.values():
            vhost.firehose.flush()
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
        if self.store is not None:
            await self.store.close()

    def add_vhost(self, name):
        self.vhosts[name] = Vhost(name, self.settings, self.memory, self.store)

    def delete_vhost(self, name):
        """Remove a vhost with all that is in it; its connections end."""
        doomed = self.vhosts.pop(name)
        self._force_out(f"vhost '{name}' is deleted", lambda connection: connection.vhost is doomed)
        for queue in list(doomed.queues.values()):
            doomed.delete_queue(queue)
        doomed.forget_exchanges()
        for user in self.access.users.values():
            user.forbid(name)

    def delete_user(self, name):
        """Remove a user, whose connections end."""
        doomed = self.access.users.pop(name)
        self._force_out(f"user '{name}' is deleted", lambda connection: connection.user is doomed)

    def _force_out(self, text, is_meant):
        for connection in list(self.connections):
            if is_meant(connection):
                connection.close_because(errors.ConnectionException(errors.CONNECTION_FORCED, text))

    async def _listen(self, port, protocol, **options):
        listening = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), self.settings.listen, port, backlog=_BACKLOG, **options
        )
        self._listening.append(listening)
        host, port = listening.sockets[0].getsockname()[:2]
        self.listeners.append((protocol, host, port))
        LOG.info("listening%s on %s:%d", " with TLS" if options else "", host, port)


def _open_store(settings):
    """Return the store of a durable broker, which alone is worth its modules' memory."""
    if not settings.durable:
        return None
    from minova.broker.store.store import open_store

    return open_store(settings.durable_file)


def _full_users(settings):
    """Return the users of option `users`, each with every permission, as RabbitMQ's own guest has them."""
    users = []
    for name, password in settings.users.items():
        user = access.User(name, access.hash_password(password), ["administrator"])
        for vhost_name in settings.vhosts:
            user.permit(vhost_name)
        users.append(user)
    return users
