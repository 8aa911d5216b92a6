# SPDX-License-Identifier: Apache-2.0
"""The REST API as a WSGI application: what every request meets before and after its view."""

import logging
import time

import flask

import minova.conf
from minova import exception
from minova.api import (
    actions,
    apis,
    auth,
    availability_zones,
    errors,
    flavors,
    hypervisors,
    images,
    instance_actions,
    limits,
    metadata,
    microversions,
    paths,
    servers,
    services,
    versions,
)

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)

_NOUNS = (
    actions,
    availability_zones,
    flavors,
    hypervisors,
    images,
    instance_actions,
    limits,
    metadata,
    servers,
    services,
    versions,
)


def create_app(the_apis):
    """The application; ``the_apis`` (apis.Apis) is its way to everything else."""
    app = flask.Flask("minova.api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = CONF.api.max_request_body_bytes
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    # Neither may answer with a redirect, whose body is HTML.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    apis.install(app, the_apis)
    errors.register(app)
    app.before_request(_before)
    app.after_request(_after)
    for noun in _NOUNS:
        app.register_blueprint(noun.bp)
    nouns = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    app.wsgi_app = paths.PathPrefixes(app.wsgi_app, nouns - {""})
    return app


def _before():
    flask.g.began = time.monotonic()
    flask.g.microversion = microversions.MIN
    headers = flask.request.headers
    flask.g.context = auth.context_of(headers)
    flask.g.microversion = microversions.asked_for(headers)
    _check_project(flask.request.environ.get(paths.PROJECT), flask.g.context)
    if "\0" in flask.request.path or "%00" in flask.request.query_string.decode("latin-1"):
        raise exception.Invalid("Malformed request URL: it has a NUL character")


def _check_project(project_id, context):
    if project_id is not None and project_id != context.project_id:
        raise exception.Invalid(
            f"Malformed request URL: URL's project_id '{project_id}' doesn't match Context's project_id "
            f"'{context.project_id}'"
        )


def _after(response):
    g, request = flask.g, flask.request
    headers = microversions.headers_of(g.microversion)
    context = g.get("context")
    if context is not None:
        request_id = context.request_id
        headers += [("x-openstack-request-id", request_id), ("x-compute-request-id", request_id)]
    response.headers.extend(headers)
    milliseconds = (time.monotonic() - g.began) * 1000
    LOG.debug("%s %s %s in %.1f ms", request.method, request.path, response.status_code, milliseconds)
    return response
