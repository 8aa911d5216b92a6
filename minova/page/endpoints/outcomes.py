# SPDX-License-Identifier: Apache-2.0
"""/api/outcomes: what became of requests as the records say, where no message says it."""

import flask

from minova.page import sources

bp = flask.Blueprint("outcomes", __name__)


@bp.get("/api/outcomes")
def index():
    """200, 503 (the Compute API is away):

    {"outcomes": {"req-...": {"outcome": "failed" | "unfinished" | "recovered",
                              "reason": "Exceeded maximum number of retries. ..." | "spawning" | null}, ...},
     "names": {"<uuid>": "web-1", ...}}      of servers that are named in no message

    Of the requests that /api/requests lists. failed: the action on a server of it failed. unfinished: its messages
    have ended, and a server is still in the task that is the reason. recovered: a message failed or was lost, and the
    action came to a good end all the same. The others are what their messages say.
    """
    outcomes, names = sources.current().outcomes.all()
    return {"outcomes": outcomes, "names": names}
