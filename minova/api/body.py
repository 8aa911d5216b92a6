# SPDX-License-Identifier: Apache-2.0
"""JSON bodies, in and out: what comes in is read strictly and checked against a schema."""

import base64
import json
import math

import flask
import jsonschema
import werkzeug.exceptions
from oslo_utils import uuidutils

from minova import exception

_NOT_JSON = "cannot understand JSON"
# What the views make is never circular, and to look for that costs a fifth of the encoding.
_encode = json.JSONEncoder(check_circular=False).encode


def validator(schema):
    """A compiled schema; made once, when the module of a view is imported."""
    return jsonschema.Draft202012Validator(schema, format_checker=_format_checker())


def read(compiled):
    """The decoded body of this request.

    :param compiled: what ``validator()`` made.
    :raises Invalid: when it is not the JSON that the schema asks for.
    """
    if flask.request.mimetype != "application/json":
        raise werkzeug.exceptions.UnsupportedMediaType(
            f"Unsupported Content-Type {flask.request.mimetype or '(none)'}: the body has to be JSON, with the "
            "header Content-Type: application/json"
        )
    try:
        body = _decode(flask.request.get_data(cache=False))
        check(compiled, body)
    except RecursionError as err:
        raise exception.Invalid("Malformed request body: it is nested too deeply") from err
    return body


def check(compiled, value):
    """:raises Invalid: when ``value`` is not what the schema asks for."""
    error = next(compiled.iter_errors(value), None)
    if error:
        raise exception.Invalid(_explain(error))


def answer(content, status=200):
    """A response of this content, encoded once."""
    return flask.Response(_encode(content), status, mimetype="application/json")


def no_content(status):
    """A response without a body, as Nova's to actions and deletes."""
    response = flask.Response(b"", status)
    response.headers["Content-Type"] = "application/json"
    return response


def _format_checker():
    """The formats that parameter_types.py names."""
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("uuid")(_is_uuid)
    checker.checks("name")(_is_name)
    checker.checks("printable")(_is_printable)
    checker.checks("base64")(_is_base64)
    return checker


def _is_uuid(value):
    return not isinstance(value, str) or uuidutils.is_uuid_like(value)


def _is_name(value):
    """Printable, and no blank at either end."""
    return not isinstance(value, str) or (value.isprintable() and value == value.strip())


def _is_printable(value):
    return not isinstance(value, str) or value.isprintable()


def _is_base64(value):
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        return False
    return True


def _decode(raw):
    try:
        text = raw.decode("utf-8")
        body = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite_float
        )
    except ValueError as err:
        raise exception.Invalid(f"Malformed request body: {_NOT_JSON}") from err
    if "\\u" in text:
        _check_strings(body)
    return body


def _object(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise exception.Invalid("Malformed request body: a key is repeated")
    return members


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _finite_float(digits):
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is out of range")
    return number


def _check_strings(value):
    """Refuse what only an escape can bring in and a database cannot hold: NUL and half a surrogate pair."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise exception.Invalid("Malformed request body: a string has a character that is not allowed")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_strings(name)
            _check_strings(member)
    elif isinstance(value, list):
        for member in value:
            _check_strings(member)


def _explain(error):
    """Nova's sentence about a body that breaks its schema."""
    path = "/".join(str(part) for part in error.absolute_path)
    shown = str(error.instance)
    message = error.message
    if len(shown) > 200:
        message = message.replace(repr(error.instance), "the value")
        shown = shown[:200] + "..."
    if not path:
        return f"Invalid input: {message[:500]}"
    return f"Invalid input for field/attribute {path}. Value: {shown}. {message[:500]}"
