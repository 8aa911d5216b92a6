# SPDX-License-Identifier: Apache-2.0
"""/servers/ID/metadata"""

import flask

from minova import exception
from minova.api import apis, body
from minova.api.schemas import metadata as schemas

bp = flask.Blueprint("server-metadata", __name__)

_ITEMS = body.validator(schemas.ITEMS)
_ITEM = body.validator(schemas.ITEM)


@bp.get("/servers/<server_id>/metadata")
def index(server_id):
    """200, 404"""
    return body.answer({"metadata": _metadata_of(server_id)})


@bp.post("/servers/<server_id>/metadata")
def create(server_id):
    """200, 400, 403, 404: adds to what there is."""
    return _update(server_id, body.read(_ITEMS)["metadata"])


@bp.put("/servers/<server_id>/metadata")
def replace(server_id):
    """200, 400, 403, 404: replaces what there is."""
    return _update(server_id, body.read(_ITEMS)["metadata"], replace=True)


@bp.get("/servers/<server_id>/metadata/<key>")
def show(server_id, key):
    """200, 404"""
    metadata = _metadata_of(server_id)
    if key not in metadata:
        raise exception.NotFound("Metadata item was not found")
    return body.answer({"meta": {key: metadata[key]}})


@bp.put("/servers/<server_id>/metadata/<key>")
def update(server_id, key):
    """200, 400, 403, 404"""
    item = body.read(_ITEM)["meta"]
    if key not in item:
        raise exception.Invalid("Request body and URI mismatch")
    apis.current().compute.update_metadata(flask.g.context, server_id, item)
    return body.answer({"meta": item})


@bp.delete("/servers/<server_id>/metadata/<key>")
def delete(server_id, key):
    """204, 404"""
    apis.current().compute.delete_metadata(flask.g.context, server_id, key)
    return body.no_content(204)


def _metadata_of(server_id):
    return apis.current().compute.get(flask.g.context, server_id).metadata


def _update(server_id, metadata, replace=False):
    metadata = apis.current().compute.update_metadata(flask.g.context, server_id, metadata, replace)
    return body.answer({"metadata": metadata})
