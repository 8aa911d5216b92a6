# SPDX-License-Identifier: Apache-2.0
"""/images: Nova's read-only view of the image service."""

import flask

from minova import exception
from minova.api import apis, body, links, paging
from minova.api.views import images as views

bp = flask.Blueprint("images", __name__)


@bp.get("/images")
def index():
    """200, 400"""
    link = links.current()
    return _page("/images", lambda row: views.summary(row, link))


@bp.get("/images/detail")
def detail():
    """200, 400"""
    link = links.current()
    return _page("/images/detail", lambda row: views.detail(row, link))


@bp.get("/images/<image_id>")
def show(image_id):
    """200, 404"""
    row = apis.current().images.get(flask.g.context, image_id)
    return body.answer({"image": views.detail(row, links.current())})


@bp.get("/images/<image_id>/metadata")
def metadata(image_id):
    """200, 404"""
    return body.answer({"metadata": apis.current().images.get(flask.g.context, image_id).properties})


@bp.get("/images/<image_id>/metadata/<key>")
def metadata_item(image_id, key):
    """200, 404"""
    properties = apis.current().images.get(flask.g.context, image_id).properties
    if key not in properties:
        raise exception.NotFound("Metadata item was not found")
    return body.answer({"meta": {key: properties[key]}})


def _page(path, view):
    args = flask.request.args
    status = args.get("status")
    rows = apis.current().images.find(flask.g.context, args.get("name"), status and status.upper())
    limit = paging.limit_of(args)
    rows = _after_marker(rows, args.get("marker"))[:limit]
    content = {"images": [view(row) for row in rows]}
    if more := paging.next_link(path, rows, limit, lambda row: row.id):
        content["images_links"] = more
    return body.answer(content)


def _after_marker(rows, marker):
    """Images are few, so that a page is cut from all of them."""
    if marker is None:
        return rows
    for n, row in enumerate(rows):
        if row.id == marker:
            return rows[n + 1 :]
    raise exception.MarkerNotFound(marker=marker)
