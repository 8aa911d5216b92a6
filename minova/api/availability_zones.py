# SPDX-License-Identifier: Apache-2.0
"""/os-availability-zone"""

import flask

from minova.api import apis, body
from minova.api.views import availability_zones as views

bp = flask.Blueprint("os-availability-zone", __name__)


@bp.get("/os-availability-zone")
def index():
    """200"""
    rows = apis.current().hosts.find_zones(flask.g.context)
    return body.answer({"availabilityZoneInfo": views.summary(rows)})


@bp.get("/os-availability-zone/detail")
def detail():
    """200, 403"""
    rows = apis.current().hosts.find_zones(flask.g.context, with_hosts=True)
    return body.answer({"availabilityZoneInfo": views.detail(rows)})
