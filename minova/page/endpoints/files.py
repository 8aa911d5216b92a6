# SPDX-License-Identifier: Apache-2.0
"""/ and /static: the files of the page."""

import pathlib

import flask

bp = flask.Blueprint("files", __name__)
STATIC = pathlib.Path(__file__).parents[1] / "static"


@bp.get("/")
def index():
    """200: the page itself."""
    return _file("index.html")


@bp.get("/static/<path:name>")
def static(name):
    """200, 304, 404"""
    return _file(name)


def _file(name):
    response = flask.send_from_directory(STATIC, name, conditional=True)
    # It may be another version after an upgrade; a browser asks whether its copy still holds.
    response.headers["Cache-Control"] = "no-cache"
    return response
