# SPDX-License-Identifier: Apache-2.0
"""/flavors"""

import flask

from minova import exception
from minova.api import apis, body, links, paging
from minova.api.schemas import flavors as schemas
from minova.api.schemas import parameter_types
from minova.api.views import flavors as views
from minova.compute import flavors as flavors_api

bp = flask.Blueprint("flavors", __name__)

_CREATE = body.validator(schemas.CREATE)


@bp.get("/flavors")
def index():
    """200, 400"""
    link = links.current()
    return _page("/flavors", lambda row: views.summary(row, link))


@bp.get("/flavors/detail")
def detail():
    """200, 400"""
    link = links.current()
    return _page("/flavors/detail", lambda row: views.detail(row, link))


@bp.get("/flavors/<flavorid>")
def show(flavorid):
    """200, 404"""
    row = apis.current().flavors.get(flask.g.context, flavorid)
    return body.answer({"flavor": views.detail(row, links.current())})


@bp.post("/flavors")
def create():
    """200, 400, 403, 409"""
    wanted = body.read(_CREATE)["flavor"]
    row = apis.current().flavors.create(
        flask.g.context,
        flavorid=schemas.flavorid_of(wanted),
        name=wanted["name"],
        vcpus=int(wanted["vcpus"]),
        memory_mb=int(wanted["ram"]),
        root_gb=int(wanted["disk"]),
        ephemeral_gb=int(wanted.get("OS-FLV-EXT-DATA:ephemeral", 0)),
        swap=int(wanted.get("swap", 0)),
        rxtx_factor=float(wanted.get("rxtx_factor", 1.0)),
        is_public=parameter_types.boolean(wanted.get("os-flavor-access:is_public", True)),
    )
    return body.answer({"flavor": views.detail(row, links.current())})


@bp.delete("/flavors/<flavorid>")
def delete(flavorid):
    """202, 403, 404"""
    apis.current().flavors.delete(flask.g.context, flavorid)
    return body.no_content(202)


@bp.get("/flavors/<flavorid>/os-extra_specs")
def extra_specs(flavorid):
    """200, 404"""
    return body.answer({"extra_specs": apis.current().flavors.get(flask.g.context, flavorid).extra_specs})


def _page(path, view):
    args = flask.request.args
    rows = apis.current().flavors.find(
        flask.g.context,
        is_public=_is_public(args),
        min_disk_gb=paging.number_of(args, "minDisk"),
        min_ram_mb=paging.number_of(args, "minRam"),
        sort_key=_sort_key(args),
        descending=args.get("sort_dir", "asc") == "desc",
    )
    limit = paging.limit_of(args)
    rows = _after_marker(rows, args.get("marker"))[:limit]
    content = {"flavors": [view(row) for row in rows]}
    if more := paging.next_link(path, rows, limit, lambda row: row.flavorid):
        content["flavors_links"] = more
    return body.answer(content)


def _is_public(args):
    """Nova's three-fold filter: public ones by default, ``None`` for both kinds."""
    if args.get("is_public", "").lower() == "none":
        return None
    return paging.boolean_of(args, "is_public", default=True)


def _sort_key(args):
    key = args.get("sort_key", "flavorid")
    if key not in flavors_api.SORT_KEYS:
        raise exception.Invalid(f"Sort key {key} is not one of {', '.join(flavors_api.SORT_KEYS)}")
    return key


def _after_marker(rows, marker):
    """Flavors are few, so that a page is cut from all of them."""
    if marker is None:
        return rows
    for n, row in enumerate(rows):
        if row.flavorid == marker:
            return rows[n + 1 :]
    raise exception.MarkerNotFound(marker=marker)
