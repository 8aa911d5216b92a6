# SPDX-License-Identifier: Apache-2.0
"""The certificates of a run, in files that are named as py-amqp's tests name them."""

import trustme


def write(directory):
    """Write those of a CA, of a broker and a client that it knows, and of a client that comes from elsewhere."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(directory / "ca_certificate.pem"))
    _write(ca.issue_cert("localhost", "127.0.0.1"), directory, "server_{}.pem")
    _write(ca.issue_cert("client@example.org"), directory, "client_{}.pem")
    _write(trustme.CA().issue_cert("client@example.org"), directory, "client_{}_broken.pem")


def _write(issued, directory, name):
    issued.cert_chain_pems[0].write_to_path(str(directory / name.format("certificate")))
    issued.private_key_pem.write_to_path(str(directory / name.format("key")))
