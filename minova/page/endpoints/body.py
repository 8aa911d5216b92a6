# SPDX-License-Identifier: Apache-2.0
"""Bodies and parameters that come in, read strictly."""

import flask
import jsonschema
import werkzeug.exceptions

from minova.page.errors import PageError


def read(validator):
    """The decoded body of this request.

    :param validator: a jsonschema validator.
    :raises PageError: 400 when it is not what the schema asks for.
    """
    try:
        content = flask.request.get_json()
    except (werkzeug.exceptions.BadRequest, RecursionError) as error:
        raise PageError(400, "The body is not JSON.") from error
    problem = next(validator.iter_errors(content), None)
    if problem:
        where = "".join(f"[{part!r}]" for part in problem.absolute_path)
        raise PageError(
            400, f"The body is not understood{f' at {where}' if where else ''}: {problem.message}."
        )
    return content


def schema(properties, required=()):
    """A validator of an object with these properties and no others."""
    return jsonschema.Draft202012Validator(
        {
            "type": "object",
            "properties": properties,
            "required": list(required),
            "additionalProperties": False,
        }
    )


def number(name, default, most):
    """A whole number of the query string, from 1 to ``most``.

    :raises PageError: 400 when it is another text.
    """
    text = flask.request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise PageError(400, f"{name} has to be a whole number from 1 to {most}, not {text!r}.")
    return int(text)
