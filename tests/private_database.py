# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL or MariaDB of a test's own, in a temporary directory, which the test may stop and kill."""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pymysql

from tests import real_servers
from tests.free_ports import free_port

_START_SECONDS = 90
_STOP_SECONDS = 60
# Neither server runs as root.
_UNPRIVILEGED = "nobody"


class PrivateDatabase:
    """One server; a context that ends it and removes its files. Stopped, it keeps its data and its port."""

    def __init__(self):
        self._directory = pathlib.Path(tempfile.mkdtemp(prefix="minova-database-"))
        self._files = self._directory / "data"
        self.port = free_port()
        self._process = None
        if os.geteuid() == 0:
            shutil.chown(self._directory, _UNPRIVILEGED)

    def __enter__(self):
        try:
            self._install()
            self.start()
            self._create_database()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error):
        if self._process:
            self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def start(self):
        """Start it and wait until it answers."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                # The first tries after a kill may meet what is left of the killed one.
                self._process = self._popen()
            with contextlib.suppress(Exception):  # every driver has its own errors
                self._connect().close()
                return
            time.sleep(0.1)
        raise RuntimeError(f"no answer in {_START_SECONDS} s:\n{self._log().read_text()[-2000:]}")

    def stop(self):
        """Have it end in order, without waiting for its clients."""
        self._end(self._stop_signal)

    def kill(self):
        self._end(signal.SIGKILL)

    def execute(self, statement):
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _end(self, number):
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(_STOP_SECONDS)

    def _popen(self):
        with open(self._log(), "a") as log:
            return subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=self._directory, **_user())

    def _log(self):
        return self._directory / "log"

    def _run(self, *command):
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            cwd=self._directory,
            **_user(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


class PrivatePostgresql(PrivateDatabase):
    # Of its three ways to stop the one that ends its clients' connections.
    _stop_signal = signal.SIGINT

    @staticmethod
    def missing():
        """What is not on this machine, or None."""
        return (
            None
            if _postgresql_binary("postgres") and _postgresql_binary("initdb")
            else "no postgres, no initdb"
        )

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/minova"

    def cut_connections(self):
        """End every connection of a client, in the middle of whatever it does."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'minova'")

    def _install(self):
        arguments = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run(_postgresql_binary("initdb"), "-D", self._files, *arguments)

    def _command(self):
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [_postgresql_binary("postgres"), "-D", str(self._files), *options]

    def _connect(self):
        return real_servers.connect_postgresql(f"postgresql://postgres@127.0.0.1:{self.port}/postgres")

    def _create_database(self):
        self.execute("CREATE DATABASE minova")


class PrivateMariadb(PrivateDatabase):
    _stop_signal = signal.SIGTERM

    @staticmethod
    def missing():
        """What is not on this machine, or None."""
        found = _mariadb_binary("mariadbd") and _mariadb_binary("mariadb-install-db")
        return None if found else "no mariadbd, no mariadb-install-db"

    @property
    def url(self):
        return f"mysql://root@127.0.0.1:{self.port}/minova"

    def cut_connections(self):
        """End every connection of a client, in the middle of whatever it does."""
        with contextlib.closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = 'minova'")
            for (connection_id,) in cursor.fetchall():
                with contextlib.suppress(pymysql.err.OperationalError):  # it has just ended by itself
                    cursor.execute(f"KILL HARD {connection_id}")

    def _install(self):
        self._run(
            _mariadb_binary("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self._files}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def _command(self):
        return [
            _mariadb_binary("mariadbd"),
            "--no-defaults",
            f"--datadir={self._files}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._directory}/socket",
            f"--pid-file={self._directory}/pid",
            # A commit outlives a killed server, and need not outlive the machine.
            "--innodb-flush-log-at-trx-commit=2",
        ]

    def _connect(self):
        return real_servers.connect_mysql(f"mysql://root@127.0.0.1:{self.port}/")

    def _create_database(self):
        self.execute("CREATE DATABASE minova")


def _user():
    if os.geteuid() != 0:
        return {}
    return {"user": _UNPRIVILEGED, "group": "nogroup", "extra_groups": []}


def _postgresql_binary(name):
    # Debian keeps the servers of all versions out of the way.
    places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return shutil.which(name) or (places[-1] if places else None)


def _mariadb_binary(name):
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
