# SPDX-License-Identifier: Apache-2.0
"""/servers"""

import flask

from minova.api import apis, body, links, paging, server_filters, server_requests
from minova.api.schemas import parameter_types
from minova.api.schemas import servers as schemas
from minova.api.views import servers as views

bp = flask.Blueprint("servers", __name__)

_CREATE = body.validator(schemas.CREATE)
_UPDATE = body.validator(schemas.UPDATE)


@bp.get("/servers")
def index():
    """200, 400, 403"""
    rows, _, query = _find()
    link = links.current()
    return _page("/servers", [views.summary(row, link) for row in rows], rows, query)


@bp.get("/servers/detail")
def detail():
    """200, 400, 403"""
    context, link = flask.g.context, links.current()
    rows, faults, query = _find()
    servers = [views.detail(row, link, faults.get(row.uuid), context) for row in rows]
    return _page("/servers/detail", servers, rows, query)


@bp.post("/servers")
def create():
    """202, 400, 403, 409"""
    content = body.read(_CREATE)
    rows = apis.current().compute.create(flask.g.context, server_requests.create_request(content))
    if parameter_types.boolean(content["server"].get("return_reservation_id", False)):
        return body.answer({"reservation_id": rows[0]["reservation_id"]}, 202)
    server = views.created(rows[0], links.current())
    server["adminPass"] = content["server"].get("adminPass") or server_requests.new_password()
    answer = body.answer({"server": server}, 202)
    answer.headers["Location"] = server["links"][0]["href"]
    return answer


@bp.get("/servers/<server_id>")
def show(server_id):
    """200, 404"""
    context = flask.g.context
    row, fault = apis.current().compute.get_with_fault(context, server_id)
    return body.answer({"server": views.detail(row, links.current(), fault, context)})


@bp.put("/servers/<server_id>")
def update(server_id):
    """200, 400, 404"""
    context = flask.g.context
    columns = server_requests.update_columns(body.read(_UPDATE))
    row, fault = apis.current().compute.rename(context, server_id, **columns)
    server = views.detail(row, links.current(), fault, context, with_extensions=False)
    return body.answer({"server": server})


@bp.delete("/servers/<server_id>")
def delete(server_id):
    """204, 404"""
    apis.current().compute.delete(flask.g.context, server_id)
    return body.no_content(204)


def _find():
    query = server_filters.query_of(flask.request.args, flask.g.context)
    rows, faults = apis.current().compute.find(flask.g.context, query)
    return rows, faults, query


def _page(path, servers, rows, query):
    content = {"servers": servers}
    if more := paging.next_link(path, rows, query["limit"], lambda row: row.uuid):
        content["servers_links"] = more
    return body.answer(content)
