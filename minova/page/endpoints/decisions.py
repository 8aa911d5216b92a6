# SPDX-License-Identifier: Apache-2.0
"""/api/decisions: why a server went to its host, or to none."""

import flask

from minova.page import sources

bp = flask.Blueprint("decisions", __name__)


@bp.get("/api/decisions/<server_id>")
def show(server_id):
    """200, 503 (the records cannot be read): {"decisions": [...]}, oldest first, none for an
    unknown server; each

    {"attempt": 1, "time": "2030-01-01T10:00:00Z", "request_id": "req-...",
     "host": "host1" | null, "alternates": ["host2"],
     "undone": null | "why the choice did not stand",
     "considered": 3, "left": 2,          how many hosts there were, and how many passed all filters
     "filters": [{"name": "ComputeFilter", "removed": 1}, ...],        in the order in which they were asked
     "weighers": ["CPUWeigher", ...],
     "hosts": [{"host": "host1", "chosen": true, "weight": 1.5 | null, "weighers": {"RAMWeigher": 1.0, ...},
                "filters": {"ComputeFilter": {"answer": "passed" | "refused" | "not asked", "reason": null | "..."},
                            ...}}, ...],  the weighed ones, best first, then the refused; of many hosts not all are kept
     "text": ["attempt 1, ...", ...]}     the same for reading
    """
    return {"decisions": sources.current().decisions.of_server(server_id)}
