# SPDX-License-Identifier: Apache-2.0
"""How the page refuses: always with a sentence, as {"error": {"code": 404, "message": "..."}}."""

import json
import logging

import flask
import werkzeug.exceptions

LOG = logging.getLogger(__name__)
_UNEXPECTED = "The page has failed; the log of minova-page says how."


class PageError(Exception):
    """A refusal; the message is for the user."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


def register(app):
    """Have every error of ``app`` answered in this form."""
    app.register_error_handler(Exception, _on_error)


def body(code, message):
    """The body of a refusal, encoded."""
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def _on_error(error):
    code, message = _code_and_message(error)
    if code == 500:
        LOG.error("%s %s failed", flask.request.method, flask.request.path, exc_info=error)
    answer = flask.Response(body(code, message), code, mimetype="application/json")
    if isinstance(error, werkzeug.exceptions.MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _code_and_message(error):
    if isinstance(error, PageError):
        return error.code, error.message
    if isinstance(error, werkzeug.exceptions.HTTPException):
        return error.code or 500, error.description or error.name
    return 500, _UNEXPECTED
