# SPDX-License-Identifier: Apache-2.0
"""A RabbitMQ node of the run's own, with a TLS port: no other node is touched, nothing stays of it."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

from tests import real_servers
from tests.free_ports import free_port

START_SECONDS = 120
STOP_SECONDS = 60
_USER = "rabbitmq"


class NodeError(Exception):
    """There is no such node here; the message says why."""


@dataclasses.dataclass(frozen=True)
class Node:
    """A running node on 127.0.0.1."""

    port: int
    tls_port: int
    version: str


@contextlib.contextmanager
def running(certificates):
    """Run a node with the certificates that certificates.write wrote into that directory; yield the Node.

    :raises NodeError: when it cannot be started
    """
    if not (shutil.which("rabbitmq-server") and shutil.which("rabbitmqctl")):
        raise NodeError("rabbitmq-server is not installed")
    name = f"minova-suites-{uuid.uuid4().hex[:8]}@localhost"
    port, tls_port, distribution_port = (free_port() for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="minova-rabbitmq-") as path:
        directory = pathlib.Path(path)
        shutil.copytree(certificates, directory, dirs_exist_ok=True)
        (directory / "rabbitmq.conf").write_text(configuration(port, tls_port, directory))
        _hand_over(directory)
        with _process(environment(name, distribution_port, directory), name, directory) as process:
            _await_start(process, tls_port, directory)
            version = real_servers.rabbitmq_version(f"rabbit://guest:guest@127.0.0.1:{port}/")
            yield Node(port, tls_port, version)


def configuration(port, tls_port, directory):
    """RabbitMQ's configuration file; a client needs no certificate, but one that it shows is looked at."""
    return "\n".join(
        [
            f"listeners.tcp.own = 127.0.0.1:{port}",
            f"listeners.ssl.own = 127.0.0.1:{tls_port}",
            f"ssl_options.cacertfile = {directory / 'ca_certificate.pem'}",
            f"ssl_options.certfile = {directory / 'server_certificate.pem'}",
            f"ssl_options.keyfile = {directory / 'server_key.pem'}",
            "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = false",
            "",
        ]
    )


def environment(name, distribution_port, directory):
    """The variables that keep a node apart from the one that the system runs."""
    return {
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "ERL_CRASH_DUMP": str(directory / "erl_crash.dump"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _hand_over(directory):
    """RabbitMQ's packages make root's servers run as a user of their own, who has to reach the files."""
    with contextlib.suppress(LookupError, PermissionError):
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, user=_USER)


@contextlib.contextmanager
def _process(variables, name, directory):
    with open(directory / "output", "w") as output:
        process = subprocess.Popen(
            ["rabbitmq-server"],
            env=os.environ | variables,
            stdout=output,
            stderr=output,
            # Ctrl-C is for the script, which then stops the node.
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process, name, directory)


def _await_start(process, tls_port, directory):
    deadline = time.monotonic() + START_SECONDS
    # The TLS port is the last that it opens.
    while not _listens(tls_port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = " ".join((directory / "output").read_text().split())[-300:]
            raise NodeError(f"a second RabbitMQ does not start: {said}")
        time.sleep(0.2)


def _listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def _stop(process, name, directory):
    """Stop it in good order; a node that cannot be asked to is killed."""
    if process.poll() is not None:
        return
    try:
        real_servers.rabbitmqctl("-n", name, "stop")
        process.wait(STOP_SECONDS)
    except (real_servers.RabbitmqctlError, subprocess.TimeoutExpired):
        # The process is a script, which ends when the node does.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((directory / "pid").read_text()), signal.SIGKILL)
        process.terminate()
        process.wait(STOP_SECONDS)
