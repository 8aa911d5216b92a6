# SPDX-License-Identifier: Apache-2.0
"""The real RabbitMQ, PostgreSQL and MariaDB that tests use: which there are, and a place of one's own on each.

MINOVA_TEST_RABBITMQ_URL    default rabbit://guest:guest@127.0.0.1:5672/ with a virtual host made by rabbitmqctl for
                            the run; a URL that is given is used as it stands, so its virtual host should be for tests
MINOVA_TEST_POSTGRESQL_URL  default postgresql://postgres@127.0.0.1:5432/postgres
MINOVA_TEST_MYSQL_URL       default mysql+pymysql://root@127.0.0.1:3306/
                            users who may create databases; each run makes one and drops it
"""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import urllib.parse
import uuid

CONNECT_SECONDS = 10


class RabbitmqctlError(Exception):
    """rabbitmqctl may not be used here; usually it takes root."""


@dataclasses.dataclass(frozen=True)
class RealServer:
    """One kind of server, as it was found."""

    name: str
    url: str
    # "" when it cannot be used.
    version: str = ""
    why_not: str = ""

    @property
    def line(self):
        place = urllib.parse.urlsplit(self.url).netloc.rpartition("@")[2]
        return (
            f"{self.name} {self.version} at {place}" if self.version else f"no {self.name} ({self.why_not})"
        )


def find_rabbitmq():
    variable = "MINOVA_TEST_RABBITMQ_URL"
    url = os.environ.get(variable, "rabbit://guest:guest@127.0.0.1:5672/")
    found = _probe("RabbitMQ", url, rabbitmq_version, variable)
    if found.version and variable not in os.environ and not shutil.which("rabbitmqctl"):
        return dataclasses.replace(
            found, version="", why_not=f"no rabbitmqctl for a virtual host; name one in {variable}"
        )
    return found


def find_postgresql():
    variable = "MINOVA_TEST_POSTGRESQL_URL"
    url = os.environ.get(variable, "postgresql://postgres@127.0.0.1:5432/postgres")
    return _probe("PostgreSQL", url, _postgresql_version, variable)


def find_mysql():
    variable = "MINOVA_TEST_MYSQL_URL"
    url = os.environ.get(variable, "mysql+pymysql://root@127.0.0.1:3306/")
    return _probe("MariaDB", url, _mysql_version, variable)


@contextlib.contextmanager
def own_virtual_host(server):
    """The URL of a virtual host for this run."""
    if "MINOVA_TEST_RABBITMQ_URL" in os.environ:
        yield server.url
        return
    name = f"minova-test-{uuid.uuid4().hex[:8]}"
    rabbitmqctl("add_vhost", name)
    try:
        rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        yield server.url + name
    finally:
        rabbitmqctl("delete_vhost", name)


@contextlib.contextmanager
def own_database(server, connect):
    """The URL of an empty database for this run.

    :param connect: _connect of this kind of server, such as connect_postgresql.
    """
    name = f"minova_test_{uuid.uuid4().hex[:8]}"
    _execute(connect, server.url, f"CREATE DATABASE {name}")
    try:
        yield urllib.parse.urlunsplit(urllib.parse.urlsplit(server.url)._replace(path=f"/{name}"))
    finally:
        # PostgreSQL refuses while somebody is connected; a test that left a connection shall not leave a database.
        force = " WITH (FORCE)" if server.name == "PostgreSQL" else ""
        _execute(connect, server.url, f"DROP DATABASE {name}{force}")


def connect_postgresql(url):
    import psycopg2

    connection = psycopg2.connect(url.replace("+psycopg2", ""), connect_timeout=CONNECT_SECONDS)
    connection.autocommit = True
    return connection


def connect_mysql(url):
    import pymysql

    parts = urllib.parse.urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=urllib.parse.unquote(parts.username or "root"),
        password=urllib.parse.unquote(parts.password or ""),
        connect_timeout=CONNECT_SECONDS,
        autocommit=True,
    )


def rabbitmqctl(*arguments):
    done = subprocess.run(["rabbitmqctl", "--quiet", *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[:200]
        raise RabbitmqctlError(f"rabbitmqctl {' '.join(arguments)} failed: {said}")
    return done.stdout


def rabbitmq_version(url):
    import amqp

    parts = urllib.parse.urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=urllib.parse.unquote(parts.username or "guest"),
        password=urllib.parse.unquote(parts.password or "guest"),
        virtual_host=urllib.parse.unquote(parts.path[1:]) or "/",
        connect_timeout=CONNECT_SECONDS,
    )
    with connection:
        return str(connection.server_properties.get("version"))


def _probe(name, url, version, variable):
    try:
        return RealServer(name, url, version=version(url))
    except Exception as err:  # noqa: BLE001 - every library has its own errors, and each means: not to be used
        reason = " ".join(str(err.args[-1] if err.args else err).split())[:120] or type(err).__name__
        return RealServer(name, url, why_not=f"{reason}; {variable} can name another")


def _postgresql_version(url):
    return _execute(connect_postgresql, url, "SHOW server_version").split()[0]


def _mysql_version(url):
    return _execute(connect_mysql, url, "SELECT version()").split("-")[0]


def _execute(connect, url, statement):
    """First column of the first row that the statement gives, if any."""
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None
