# SPDX-License-Identifier: Apache-2.0
"""GET / and GET /v2.1: which versions there are."""

import flask

from minova.api import body, microversions, paths

bp = flask.Blueprint("versions", __name__)

_MEDIA_TYPES = [{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]


@bp.get("/")
def index():
    """200, although Nova itself once answered 300."""
    return body.answer({"versions": [_version()]})


@bp.get(paths.VERSION_PREFIX)
def show():
    """200"""
    version = _version()
    described = {
        "rel": "describedby",
        "type": "text/html",
        "href": "http://docs.openstack.org/",
    }
    version["links"] = [*version["links"], described]
    return body.answer({"version": {**version, "media-types": _MEDIA_TYPES}})


def _version():
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": microversions.text(microversions.MAX),
        "min_version": microversions.text(microversions.MIN),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{flask.request.host_url}v2.1/"}],
    }
