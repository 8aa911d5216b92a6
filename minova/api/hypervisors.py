# SPDX-License-Identifier: Apache-2.0
"""/os-hypervisors"""

import flask

from minova import exception
from minova.api import apis, body
from minova.api.views import hypervisors as views

bp = flask.Blueprint("os-hypervisors", __name__)


@bp.get("/os-hypervisors")
def index():
    """200, 403"""
    return body.answer({"hypervisors": [views.summary(row) for row in _find()]})


@bp.get("/os-hypervisors/detail")
def detail():
    """200, 403"""
    return body.answer({"hypervisors": [views.detail(row) for row in _find()]})


@bp.get("/os-hypervisors/statistics")
def statistics():
    """200, 403"""
    row = apis.current().hosts.get_statistics(flask.g.context)
    return body.answer({"hypervisor_statistics": views.statistics(row)})


@bp.get("/os-hypervisors/<hypervisor_id>")
def show(hypervisor_id):
    """200, 403, 404"""
    row = apis.current().hosts.get_hypervisor(flask.g.context, hypervisor_id)
    return body.answer({"hypervisor": views.detail(row)})


@bp.get("/os-hypervisors/<hypervisor_id>/uptime")
def uptime(hypervisor_id):
    """400, 403, 404: the simulated hypervisor does not tell, as many of Nova's drivers do not."""
    apis.current().hosts.get_hypervisor(flask.g.context, hypervisor_id)
    raise exception.Invalid("Virt driver does not implement uptime function.")


@bp.get("/os-hypervisors/<pattern>/search")
def search(pattern):
    """200, 403, 404: those whose name has ``pattern`` in it."""
    return body.answer({"hypervisors": [views.summary(row) for row in _named(pattern)]})


@bp.get("/os-hypervisors/<pattern>/servers")
def servers(pattern):
    """200, 403, 404: the same, with their servers."""
    hosts = apis.current().hosts
    shown = []
    for row in _named(pattern):
        hypervisor = views.summary(row)
        rows = hosts.find_instances_on(flask.g.context, row.host)
        if rows:
            hypervisor["servers"] = [{"uuid": i.uuid, "name": f"instance-{i.uuid[:8]}"} for i in rows]
        shown.append(hypervisor)
    return body.answer({"hypervisors": shown})


def _find():
    return apis.current().hosts.find_hypervisors(flask.g.context)


def _named(pattern):
    found = [row for row in _find() if pattern in row.hypervisor_hostname]
    if not found:
        raise exception.NotFound(f"No hypervisor matching '{pattern}' could be found.")
    return found
