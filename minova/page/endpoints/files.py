# SPDX-License-Identifier: Apache-2.0
"""/, /static and /trace.css: the files of the page."""

import pathlib

import flask

from minova.trace import svg_style

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


@bp.get("/trace.css")
def trace_style():
    """200: the style of the sequence diagrams, of which the page brings none itself."""
    return _fresh(flask.Response(svg_style.STYLE, mimetype="text/css"))


def _file(name):
    return _fresh(flask.send_from_directory(STATIC, name, conditional=True))


def _fresh(response):
    # It may be another version after an upgrade; a browser asks whether its copy still holds.
    response.headers["Cache-Control"] = "no-cache"
    return response
