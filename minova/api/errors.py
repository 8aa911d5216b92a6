# SPDX-License-Identifier: Apache-2.0
"""The one map from errors to HTTP: every answer that is not a success is a fault of Nova's form, never HTML."""

import json
import logging

import flask
import oslo_messaging as messaging
import werkzeug.exceptions
from oslo_db import exception as db_exc

import minova.conf
from minova import exception

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)

# Nova's keys (nova/api/openstack/wsgi.py); what is not among them is a computeFault.
_FAULT_KEYS = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
_UNEXPECTED = (
    "Unexpected API Error. The log of minova-api has the details under the request id of this answer."
)
_BUS_SILENT = "The message bus or the service behind it did not answer in time."
_DATABASE_SILENT = "The database does not answer."
_DATABASE_BUSY = "The database is too busy."
_DATABASE_EMPTY = "The database has no tables yet: minova-manage db sync makes them."
_OUT_OF_RANGE = "A value is out of range."
# Errors of libraries, by class: status and what the user is told.
_FOREIGN = (
    (messaging.MessagingTimeout, 503, _BUS_SILENT),
    (messaging.MessageDeliveryFailure, 503, _BUS_SILENT),
    (db_exc.DBConnectionError, 503, _DATABASE_SILENT),
    (db_exc.DBNonExistentTable, 503, _DATABASE_EMPTY),
    (db_exc.DBDeadlock, 503, _DATABASE_BUSY),
    (db_exc.DBDataError, 400, _OUT_OF_RANGE),
)
_HTTP_MESSAGES = {404: "The resource could not be found.", 415: None}


def register(app):
    """Have every error of ``app`` answered as a fault."""
    app.register_error_handler(Exception, _on_error)


def fault(status, message):
    """The body of a fault, encoded."""
    key = _FAULT_KEYS.get(status, "computeFault")
    return json.dumps({key: {"code": status, "message": message}}).encode()


def headers_of(status):
    """The headers that go with a fault, beside those of every answer: [(name, value)]."""
    return [("Retry-After", str(CONF.api.retry_after))] if status == 503 else []


def status_and_message(error):
    """The HTTP status of an error, and the sentence for the user."""
    if isinstance(error, exception.MinovaException):
        # What is our own failure is told in the log alone.
        return error.code, _UNEXPECTED if error.code == 500 else error.message
    if isinstance(error, werkzeug.exceptions.HTTPException):
        return error.code or 500, _HTTP_MESSAGES.get(error.code) or error.description or error.name
    for error_class, status, message in _FOREIGN:
        if isinstance(error, error_class):
            return status, message
    return 500, _UNEXPECTED


def _on_error(error):
    status, message = status_and_message(error)
    request = flask.request
    if status == 503:
        LOG.warning("%s %s refused: %s", request.method, request.path, error)
    elif status >= 500:
        LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    else:
        LOG.info("%s %s refused: %s %s", request.method, request.path, status, message)
    answer = flask.Response(fault(status, message), status, mimetype="application/json")
    answer.headers.extend(headers_of(status))
    if isinstance(error, werkzeug.exceptions.MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer
