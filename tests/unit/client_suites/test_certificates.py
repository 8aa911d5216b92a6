# SPDX-License-Identifier: Apache-2.0
"""The certificates of a run: whose a CA has signed, and whose it has not."""

import ssl

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from tests.client_suites import certificates


@pytest.fixture
def directory(tmp_path):
    certificates.write(tmp_path)
    return tmp_path


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("name", ["server_{}.pem", "client_{}.pem", "client_{}_broken.pem"])
def test_a_certificate_and_its_key_belong_together(directory, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    context.load_cert_chain(directory / name.format("certificate"), directory / name.format("key"))


def test_only_the_broken_certificate_is_from_elsewhere(directory):
    ca = load(directory / "ca_certificate.pem")

    load(directory / "server_certificate.pem").verify_directly_issued_by(ca)
    load(directory / "client_certificate.pem").verify_directly_issued_by(ca)
    with pytest.raises((InvalidSignature, ValueError)):
        load(directory / "client_certificate_broken.pem").verify_directly_issued_by(ca)
