# SPDX-License-Identifier: Apache-2.0
"""The TLS side of the broker's options."""

import ssl

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENT_CERTIFICATES = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class TlsError(Exception):
    """Certificate, key or CA cannot be used."""


def make_context(settings):
    """Return the server's ssl.SSLContext.

    :raises TlsError: saying which option is at fault
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.tls_minimum_version]
    context.verify_mode = _CLIENT_CERTIFICATES[settings.tls_client_certificate]
    if not settings.tls_certificate_file:
        raise TlsError("tls_port needs tls_certificate_file")
    if context.verify_mode != ssl.CERT_NONE and not settings.tls_ca_file:
        raise TlsError(f"tls_client_certificate = {settings.tls_client_certificate} needs tls_ca_file")
    try:
        context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file)
    except OSError as err:  # ssl.SSLError is one
        files = " and ".join(filter(None, (settings.tls_certificate_file, settings.tls_key_file)))
        raise TlsError(f"cannot use certificate and key of {files}: {_reason(err)}") from err
    if settings.tls_ca_file:
        try:
            context.load_verify_locations(settings.tls_ca_file)
        except OSError as err:
            raise TlsError(f"cannot use the CA of {settings.tls_ca_file}: {_reason(err)}") from err
    return context


def _reason(error):
    return getattr(error, "reason", None) or error.strerror or str(error)
