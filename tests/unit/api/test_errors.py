# SPDX-License-Identifier: Apache-2.0
"""What users are told of errors: each class has its status, and nothing but faults ever leaves."""

import inspect

import oslo_messaging as messaging
import pytest
import sqlalchemy as sa
import werkzeug.exceptions
from oslo_db import exception as db_exc

from minova import exception
from minova.api import errors
from tests.unit.api.conftest import IMAGE

_STATUSES = {
    exception.MinovaException: 500,
    exception.Invalid: 400,
    exception.InvalidMetadata: 400,
    exception.InvalidOption: 500,
    exception.Forbidden: 403,
    exception.QuotaExceeded: 403,
    exception.NotFound: 404,
    exception.InstanceNotFound: 404,
    exception.FlavorNotFound: 404,
    exception.ImageNotFound: 404,
    exception.NetworkNotFound: 404,
    exception.ServiceNotFound: 404,
    exception.ComputeHostNotFound: 404,
    exception.ActionNotFound: 404,
    exception.ComputeServiceInUse: 400,
    exception.MarkerNotFound: 400,
    exception.Conflict: 409,
    exception.FlavorExists: 409,
    exception.InstanceInvalidState: 409,
    exception.UnexpectedTaskStateError: 409,
    exception.NoValidHost: 500,
    exception.MaxRetriesExceeded: 500,
    exception.TaskAbandoned: 500,
    exception.NoMoreAddresses: 500,
    exception.HypervisorError: 500,
    exception.GuestNotFound: 500,
    exception.ServiceUnavailable: 503,
}


def test_every_error_has_a_status_here():
    classes = [thing for _, thing in inspect.getmembers(exception, inspect.isclass)]

    assert set(classes) == set(_STATUSES)


@pytest.mark.parametrize(
    ("error_class", "status"), _STATUSES.items(), ids=lambda value: getattr(value, "__name__", value)
)
def test_status_of_own_errors(error_class, status):
    assert errors.status_and_message(error_class("why"))[0] == status


@pytest.mark.parametrize("error_class", _STATUSES, ids=lambda value: value.__name__)
def test_only_own_failures_are_kept_from_the_user(error_class):
    _, message = errors.status_and_message(error_class("why"))

    assert ("why" in message) == (error_class.code != 500)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (messaging.MessagingTimeout("x"), 503),
        (messaging.MessageDeliveryFailure("x"), 503),
        (db_exc.DBConnectionError(sa.exc.OperationalError("x", {}, Exception())), 503),
        (db_exc.DBNonExistentTable("x"), 503),
        (db_exc.DBDeadlock(), 503),
        (db_exc.DBDataError(), 400),
        (werkzeug.exceptions.NotFound(), 404),
        (werkzeug.exceptions.RequestEntityTooLarge(), 413),
        (werkzeug.exceptions.ImATeapot(), 418),
        (ValueError("secret"), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_status_of_foreign_errors(error, status):
    found, message = errors.status_and_message(error)

    assert found == status
    assert "secret" not in message


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (400, "badRequest"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "itemNotFound"),
        (405, "badMethod"),
        (406, "computeFault"),
        (409, "conflictingRequest"),
        (413, "overLimit"),
        (415, "badMediaType"),
        (500, "computeFault"),
        (503, "serviceUnavailable"),
    ],
)
def test_fault_keys_are_those_of_nova(status, key):
    assert errors.fault(status, "why") == (b'{"%s": {"code": %d, "message": "why"}}' % (key.encode(), status))


def test_unexpected_error_is_a_fault_without_its_text(api, monkeypatch):
    class Broken:
        def find(self, *_args, **_further):
            raise ZeroDivisionError("secret")

    the_app = api._client.application
    apis = the_app.extensions["minova"]
    the_app.extensions["minova"] = type(apis)(Broken(), Broken(), Broken(), Broken())

    response = api.send("GET", "/servers")

    assert response.status_code == 500
    assert response.json["computeFault"]["code"] == 500
    assert "secret" not in response.text
    assert response.headers["x-openstack-request-id"].startswith("req-")


def test_silent_database_is_503(api):
    with api.database.writer() as conn:
        conn.execute(sa.text("DROP TABLE instances"))

    response = api.send("GET", "/servers")

    assert response.status_code == 503
    assert "serviceUnavailable" in response.json
    assert response.headers["Retry-After"] == "2"


def test_create_while_the_bus_is_away_is_503_and_leaves_nothing(api, bus):
    bus.is_away = True

    response = api.send("POST", "/servers", {"server": {"name": "n", "flavorRef": "1", "imageRef": IMAGE}})

    assert response.status_code == 503
    assert "message bus" in response.json["serviceUnavailable"]["message"]
    assert response.headers["Retry-After"] == "2"
    assert api.get("/servers")["servers"] == []
