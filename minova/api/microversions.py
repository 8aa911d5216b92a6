# SPDX-License-Identifier: Apache-2.0
"""Microversions: which are announced, which one a request asks for, how the answer says it."""

import re

import werkzeug.exceptions

from minova import exception

MIN = (2, 1)
MAX = (2, 1)
_SERVICE_HEADER = "OpenStack-API-Version"
_NOVA_HEADER = "X-OpenStack-Nova-API-Version"
_FORMAT = re.compile(r"([1-9][0-9]{0,3})\.([1-9][0-9]{0,3}|0)", re.ASCII)


def text(version):
    """(2, 1) as "2.1"."""
    return f"{version[0]}.{version[1]}"


def asked_for(headers):
    """The microversion of a request, the lowest when it names none.

    :raises Invalid: when it is no version.
    :raises werkzeug.exceptions.NotAcceptable: when it is not served.
    """
    wanted = _wanted(headers)
    if wanted is None:
        return MIN
    if wanted == "latest":
        return MAX
    match = _FORMAT.fullmatch(wanted)
    if match is None:
        message = f"API Version String {wanted} is of invalid format. It must be of format MajorNum.MinorNum."
        raise exception.Invalid(message)
    version = (int(match[1]), int(match[2]))
    if not MIN <= version <= MAX:
        raise werkzeug.exceptions.NotAcceptable(
            f"Version {wanted} is not supported by the API. Minimum is {text(MIN)} and maximum is {text(MAX)}."
        )
    return version


def headers_of(version):
    """What an answer's headers say about the microversion that it has."""
    return [
        (_SERVICE_HEADER, f"compute {text(version)}"),
        (_NOVA_HEADER, text(version)),
        ("Vary", f"{_SERVICE_HEADER}, {_NOVA_HEADER}"),
    ]


def _wanted(headers):
    for part in headers.get(_SERVICE_HEADER, "").split(","):
        service, _, version = part.strip().partition(" ")
        if service.lower() == "compute":
            return version.strip()
    return headers.get(_NOVA_HEADER)
