# SPDX-License-Identifier: Apache-2.0
"""Query strings of lists: limit, marker, sort order, booleans, moments."""

import datetime
import re
import urllib.parse

import flask
from oslo_utils import strutils, timeutils

import minova.conf
from minova import exception
from minova.api import links

CONF = minova.conf.CONF


def limit_of(args):
    """Most items of this page; 0 and none mean as many as there may be.

    :raises Invalid: when it is not a number of 0 or more.
    """
    given = args.get("limit", "0")
    if not re.fullmatch(r"[0-9]{1,18}", given, re.ASCII):
        raise exception.Invalid(
            f"Invalid input for query parameters limit. Value: {given}. It must be 0 or more"
        )
    return min(int(given) or CONF.api.max_limit, CONF.api.max_limit)


def boolean_of(args, name, default=None):
    """A boolean in any of OpenStack's forms.

    :raises Invalid: when it is none of them.
    """
    if name not in args:
        return default
    try:
        return strutils.bool_from_string(args[name], strict=True)
    except ValueError as err:
        raise exception.Invalid(f"Invalid value '{args[name]}' for {name}: it has to be a boolean") from err


def moment_of(args, name):
    """A moment of ISO 8601 as naive UTC, None where it is not given.

    :raises Invalid:
    """
    if name not in args:
        return None
    try:
        moment = timeutils.parse_isotime(args[name])
    except ValueError as err:
        raise exception.Invalid(f"Invalid {name} value: it has to be an ISO 8601 time") from err
    try:
        return moment.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError as err:
        raise exception.Invalid(f"Invalid {name} value: it is out of range") from err


def number_of(args, name, default=0):
    """A number of 0 or more, as wide as a database's integer.

    :raises Invalid:
    """
    given = args.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", given, re.ASCII):
        raise exception.Invalid(f"Invalid {name} filter [{given}]")
    return int(given)


def next_link(path, rows, limit, marker_of):
    """The links of a list's next page, empty after the last one."""
    if len(rows) < limit or not rows:
        return []
    pairs = [(name, value) for name, value in flask.request.args.items(multi=True) if name != "marker"]
    query = urllib.parse.urlencode([*pairs, ("marker", marker_of(rows[-1]))])
    return links.current().next(path, query)
