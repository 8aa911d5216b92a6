# SPDX-License-Identifier: Apache-2.0
"""/os-services"""

import flask

from minova import exception
from minova.api import apis, body
from minova.api.schemas import parameter_types
from minova.api.schemas import services as schemas
from minova.api.views import services as views

bp = flask.Blueprint("os-services", __name__)

_ACTIONS = {
    "enable": body.validator(schemas.ENABLE),
    "disable": body.validator(schemas.DISABLE),
    "disable-log-reason": body.validator(schemas.DISABLE_LOG_REASON),
    "force-down": body.validator(schemas.FORCE_DOWN),
}
_UPDATE = body.validator(schemas.UPDATE)


@bp.get("/os-services")
def index():
    """200, 403"""
    args = flask.request.args
    rows = apis.current().hosts.find_services(flask.g.context, args.get("host"), args.get("binary"))
    return body.answer({"services": [views.detail(row) for row in rows]})


@bp.put("/os-services/<action_or_uuid>")
def update(action_or_uuid):
    """200, 400, 403, 404: one of the actions of old, or a service named by its uuid as since 2.53."""
    if action_or_uuid in _ACTIONS:
        return _act(action_or_uuid)
    wanted = body.read(_UPDATE)
    row = apis.current().hosts.update_service(flask.g.context, action_or_uuid, **_columns(wanted))
    return body.answer({"service": views.detail(row)})


@bp.delete("/os-services/<service_uuid>")
def delete(service_uuid):
    """204, 403, 404, 409"""
    apis.current().hosts.delete_service(flask.g.context, service_uuid)
    return body.no_content(204)


def _act(action):
    wanted = body.read(_ACTIONS[action])
    hosts, context = apis.current().hosts, flask.g.context
    row = hosts.get_service(context, wanted["host"], wanted["binary"])
    hosts.update_service(context, row.uuid, **_columns({**wanted, **_implied(action)}))
    shown = {"host": row.host, "binary": row.binary}
    if action == "force-down":
        return body.answer(
            {"service": {**shown, "forced_down": parameter_types.boolean(wanted["forced_down"])}}
        )
    shown["status"] = "enabled" if action == "enable" else "disabled"
    if action == "disable-log-reason":
        shown["disabled_reason"] = wanted["disabled_reason"]
    return body.answer({"service": shown})


def _implied(action):
    if action == "force-down":
        return {}
    return {"status": "enabled" if action == "enable" else "disabled"}


def _columns(wanted):
    """The columns of the service that change.

    :raises Invalid: when a reason is given and nothing disabled.
    """
    columns = {}
    reason = wanted.get("disabled_reason")
    if reason is not None and wanted.get("status") != "disabled":
        raise exception.Invalid("Specifying 'disabled_reason' when status is not 'disabled' is invalid.")
    if "status" in wanted:
        columns = {"disabled": wanted["status"] == "disabled", "disabled_reason": reason}
    if "forced_down" in wanted:
        columns["forced_down"] = parameter_types.boolean(wanted["forced_down"])
    return columns
