# SPDX-License-Identifier: Apache-2.0
"""The page as a WSGI application: its files, and the endpoints that they ask."""

import flask

import minova.conf
from minova.page import access, errors
from minova.page import sources as page_sources
from minova.page.endpoints import (
    cloud,
    debug,
    decisions,
    events,
    files,
    outcomes,
    requests,
    services,
    state,
    topology,
)

CONF = minova.conf.CONF
_LONGEST_BODY_BYTES = 65536
_BLUEPRINTS = (cloud, debug, decisions, events, files, outcomes, requests, services, state, topology)


def create_app(sources):
    """The application; ``sources`` (sources.Sources) is its way to everything else."""
    app = flask.Flask("minova.page", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.json.sort_keys = False
    page_sources.install(app, sources)
    errors.register(app)
    app.before_request(lambda: access.check(CONF.page.host_names))
    app.after_request(access.add_headers)
    for module in _BLUEPRINTS:
        app.register_blueprint(module.bp)
    return app
