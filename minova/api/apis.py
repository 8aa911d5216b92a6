# SPDX-License-Identifier: Apache-2.0
"""What the views reach the rest of minova through."""

import dataclasses

import flask

_KEY = "minova"


@dataclasses.dataclass(frozen=True)
class Apis:
    """One object per field of work; see compute/api.py and its like."""

    compute: object
    flavors: object
    hosts: object
    images: object


def install(app, apis):
    """Make ``apis`` what ``current()`` gives in requests to ``app``."""
    app.extensions[_KEY] = apis


def current():
    """The Apis of the app that serves this request."""
    return flask.current_app.extensions[_KEY]
