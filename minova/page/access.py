# SPDX-License-Identifier: Apache-2.0
"""Who may ask: the page itself and programs on this machine, but no other web page in the user's browser."""

import ipaddress
import urllib.parse

import flask

from minova.page.errors import PageError

_HEADERS = {
    # What shows messages of strangers loads and runs nothing that did not come from here.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_READING = ("GET", "HEAD")


def check(host_names):
    """Refuse the current request if a web page of somebody else's may have sent it.

    :param host_names: names by which this page may be called, beside localhost and addresses.
    :raises PageError: 403, or 415.
    """
    request = flask.request
    _check_host(request.host, host_names)
    _check_origin(request)
    if request.method == "POST" and request.mimetype != "application/json":
        raise PageError(415, "The body has to be JSON, with the header Content-Type: application/json.")


def add_headers(response):
    """To every answer."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _check_host(host, host_names):
    """A name of somebody else's that leads here (DNS rebinding) would make his page one of ours."""
    name = urllib.parse.urlsplit(f"//{host}").hostname or ""
    if name not in ("localhost", *host_names) and not _is_address(name):
        raise PageError(403, f"This page is not called {name!r}. [page] host_names lists further names.")


def _check_origin(request):
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise PageError(403, f"A page of {origin} may not ask here.")
    # A browser tells this of each request. Only to open the page itself, one may come from anywhere.
    is_ours = request.path.startswith("/api/") or request.method not in _READING
    if is_ours and site not in (None, "same-origin", "none"):
        raise PageError(403, "Another web page may not ask here.")


def _is_address(name):
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
