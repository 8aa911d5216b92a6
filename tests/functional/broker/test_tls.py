# SPDX-License-Identifier: Apache-2.0
"""The TLS port: who is let in, and how a handshake that goes nowhere ends."""

import socket
import ssl
import subprocess
import sys

import amqp
import pytest
import trustme

from tests.broker_process import start_broker

WAIT_SECONDS = 60


class Certificates:
    """A CA, the broker's certificate and key, a client's, and one of a stranger's."""

    def __init__(self, directory):
        self.ca = trustme.CA()
        self.ca_file = str(directory / "ca.pem")
        self.ca.cert_pem.write_to_path(self.ca_file)
        server = self.ca.issue_cert("127.0.0.1", "localhost")
        self.server_key = str(directory / "server.key")
        self.server_certificate = str(directory / "server.pem")
        server.private_key_pem.write_to_path(self.server_key)
        server.cert_chain_pems[0].write_to_path(self.server_certificate)
        self.client = self._write(directory / "client.pem", self.ca)
        self.stranger = self._write(directory / "stranger.pem", trustme.CA())

    @staticmethod
    def _write(path, ca):
        ca.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)

    def options(self):
        return {
            "tls_port": 0,
            "tls_certificate_file": self.server_certificate,
            "tls_key_file": self.server_key,
            "tls_ca_file": self.ca_file,
        }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start(tmp_path, certificates):
    started = []

    def start_with(**options):
        started.append(start_broker(tmp_path, **certificates.options() | options))
        return started[-1]

    yield start_with
    for broker in started:
        broker.stop()


def connect(broker, certificates, **options):
    given = {"ca_certs": certificates.ca_file, "server_hostname": "localhost"} | options
    connection = amqp.Connection(f"127.0.0.1:{broker.tls_port}", ssl=given, connect_timeout=WAIT_SECONDS)
    connection.connect()
    return connection


def assert_refused(broker, certificates, **options):
    # TLS 1.3 tells of a refused certificate only after the client has finished.
    with pytest.raises((OSError, amqp.AMQPError)):
        connect(broker, certificates, **options)


def assert_serves(connection):
    with connection:
        channel = connection.channel()
        name = channel.queue_declare("", exclusive=True).queue
        channel.basic_publish(amqp.Message("x" * 1_000_000), "", name)
        assert len(channel.basic_get(name).body) == 1_000_000


def test_both_ports_serve(start, certificates):
    broker = start()
    assert_serves(connect(broker, certificates))
    plain = amqp.Connection(f"127.0.0.1:{broker.port}")
    plain.connect()
    assert_serves(plain)


def test_clients_with_the_right_certificate_are_let_in(start, certificates):
    broker = start(tls_client_certificate="required", tls_only=True)
    assert_serves(connect(broker, certificates, certfile=certificates.client))
    assert_refused(broker, certificates)
    assert_refused(broker, certificates, certfile=certificates.stranger)


def test_optional_certificate_must_be_right_if_there_is_one(start, certificates):
    broker = start(tls_client_certificate="optional")
    assert_serves(connect(broker, certificates))
    assert_refused(broker, certificates, certfile=certificates.stranger)


def test_older_tls_is_refused(start, certificates):
    broker = start(tls_minimum_version="1.3")
    context = ssl.create_default_context(cafile=certificates.ca_file)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", broker.tls_port), timeout=WAIT_SECONDS) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("octets", [b"", b"\x16\x03\x01", b"AMQP\x00\x00\x09\x01" * 10])
def test_handshake_that_goes_nowhere_ends_and_others_are_served(start, certificates, octets):
    broker = start(handshake_timeout=1)
    with socket.create_connection(("127.0.0.1", broker.tls_port), timeout=WAIT_SECONDS) as stalled:
        stalled.sendall(octets)
        assert_serves(connect(broker, certificates))
        try:
            while stalled.recv(4096):  # an alert may come before the end
                pass
        except ConnectionResetError:
            pass


def test_login_over_tls_has_a_deadline_too(start, certificates):
    broker = start(handshake_timeout=1)
    context = ssl.create_default_context(cafile=certificates.ca_file)
    with (
        socket.create_connection(("127.0.0.1", broker.tls_port), timeout=WAIT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=True) as silent,
    ):
        assert silent.recv(4096) == b""
    assert "no handshake within 1s" in broker.log()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tls_certificate_file": "/no/such/file"}, "cannot use certificate and key of /no/such/file"),
        ({"tls_key_file": "{client}"}, "KEY_VALUES_MISMATCH"),
        ({"tls_ca_file": "{server_key}"}, "cannot use the CA of "),
        ({"tls_certificate_file": ""}, "tls_port needs tls_certificate_file"),
        ({"tls_ca_file": "", "tls_client_certificate": "required"}, "required needs tls_ca_file"),
        ({"tls_port": "", "tls_only": True}, "tls_only needs tls_port"),
    ],
)
def test_files_that_cannot_be_used_are_one_sentence_and_exit_code_1(tmp_path, certificates, changes, says):
    options = certificates.options() | changes
    lines = [
        f"{name} = {value}".format(**vars(certificates)) for name, value in options.items() if value != ""
    ]
    path = tmp_path / "minova.conf"
    path.write_text("\n".join(["[broker]", *lines, ""]))
    command = [sys.executable, "-m", "minova.cmd.broker", "--port", "0", "--config-file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if says in line] == done.stderr.splitlines()
