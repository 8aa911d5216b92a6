# SPDX-License-Identifier: Apache-2.0
"""/api/failures: which requests ended with their server in ERROR, and why."""

import flask

from minova.page import sources

bp = flask.Blueprint("failures", __name__)


@bp.get("/api/failures")
def index():
    """200, 503 (the Compute API is away): {"failures": {"req-...": "Exceeded maximum number of retries. ..."}}.

    Of the last 100 servers in ERROR. It is the records' word; what a message said stands in /api/requests.
    """
    return {"failures": sources.current().failures.all()}
