# SPDX-License-Identifier: Apache-2.0
"""What is no service of ours: a storm cuts the connections of a server's clients, where it may, or locks a file."""

import contextlib
import shutil
import sqlite3
import subprocess

import sqlalchemy as sa

from minova.chaos import plan
from minova.db import engine
from minova.trace import firehose

_RABBITMQCTL_SECONDS = 60
# A process that is stopped in the middle of a write keeps the lock for as long.
_LOCK_SECONDS = 30
_LOCAL = ("127.0.0.1", "localhost", "::1")
_POSTGRESQL_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
_MYSQL_CLIENTS = (
    "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
)


class RabbitMQ:
    """The RabbitMQ of a transport URL, by `rabbitmqctl`, which takes root on its own machine."""

    name = "RabbitMQ"
    kind = plan.CUT

    def __init__(self, transport_url):
        address = firehose.broker_addresses(transport_url)[0]
        self._virtual_host = address.virtual_host
        self._local = address.host in _LOCAL

    def usable(self):
        """Whether `rabbitmqctl` is there and knows the virtual host: it might be of another RabbitMQ."""
        if not self._local or not shutil.which("rabbitmqctl"):
            return False
        return self._virtual_host in self._list("list_vhosts", "name")

    def cut(self):
        """Close all connections of the virtual host."""
        self._ask("close_all_connections", "--vhost", self._virtual_host, "minova chaos")

    def counts(self):
        """{what: how many} of the virtual host."""
        queues = self._list("list_queues", "--vhost", self._virtual_host, "messages")
        connections = self._list("list_connections", "vhost")
        return {
            "connections": connections.count(self._virtual_host),
            "queues": len(queues),
            "messages": sum(int(count) for count in queues),
        }

    def _list(self, command, *arguments):
        printed = self._ask(command, "--no-table-headers", *arguments)
        return printed.split("\n")[:-1] if printed else []

    def _ask(self, *arguments):
        """What rabbitmqctl prints, or None when it fails."""
        command = ["rabbitmqctl", "--quiet", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_RABBITMQCTL_SECONDS, check=False
        )
        return done.stdout if done.returncode == 0 else None


class Database:
    """The server of the storm's database, by the rights that minova has there."""

    kind = plan.CUT

    def __init__(self, url):
        self._url = url
        self.name = "PostgreSQL" if url.startswith("postgresql") else "MariaDB"

    def cut(self):
        """Close all connections to this database but our own."""
        # An engine of its own: a pool would keep a connection that the next cut kills.
        maker = sa.create_engine(engine.with_driver(self._url), poolclass=sa.pool.NullPool)
        with maker.connect() as connection:
            if self.name == "PostgreSQL":
                connection.execute(sa.text(_POSTGRESQL_CUT))
                return
            for client in connection.execute(sa.text(_MYSQL_CLIENTS)).scalars().all():
                self._kill(connection, client)

    def _kill(self, connection, client):
        try:
            connection.execute(sa.text(f"KILL {int(client)}"))
        except sa.exc.DBAPIError:
            # It has gone by itself meanwhile.
            connection.rollback()


class SQLite:
    """The file of the storm's database, as one more process that writes to it and takes its time."""

    name = "SQLite"
    kind = plan.LOCK

    def __init__(self, path):
        self._path = path

    def lock(self, wait):
        """Let nobody write until ``wait()`` returns.

        :raises sqlite3.OperationalError: when it is locked already, and stays so.
        """
        with contextlib.closing(
            sqlite3.connect(self._path, timeout=_LOCK_SECONDS, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            wait()
            connection.execute("ROLLBACK")
