# SPDX-License-Identifier: Apache-2.0
"""What the endpoints of the page take their answers from."""

import dataclasses

import flask

_KEY = "minova.page"


@dataclasses.dataclass(frozen=True)
class Sources:
    """One object per field of knowledge."""

    bus: object
    store: object
    summaries: object
    recording: object
    changes: object
    cloud: object
    topology: object
    decisions: object
    outcomes: object
    services: object
    debugger: object
    listeners: object


def install(app, sources):
    """Make ``sources`` what ``current()`` gives in requests to ``app``."""
    app.extensions[_KEY] = sources


def current():
    """The Sources of the app that serves this request."""
    return flask.current_app.extensions[_KEY]
