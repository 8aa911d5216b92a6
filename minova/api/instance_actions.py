# SPDX-License-Identifier: Apache-2.0
"""/servers/ID/os-instance-actions"""

import flask

from minova.api import apis, body
from minova.api.views import instance_actions as views

bp = flask.Blueprint("os-instance-actions", __name__)


@bp.get("/servers/<server_id>/os-instance-actions")
def index(server_id):
    """200, 404"""
    rows = apis.current().compute.find_actions(flask.g.context, server_id)
    return body.answer({"instanceActions": [views.summary(row) for row in rows]})


@bp.get("/servers/<server_id>/os-instance-actions/<request_id>")
def show(server_id, request_id):
    """200, 404"""
    context = flask.g.context
    action, events = apis.current().compute.get_action(context, server_id, request_id)
    return body.answer({"instanceAction": views.detail(action, events, context)})
