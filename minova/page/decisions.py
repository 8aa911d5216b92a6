# SPDX-License-Identifier: Apache-2.0
"""The scheduler's decisions as a table: what each filter said of each host, and what each host weighed."""

import threading

from minova.page.errors import PageError

PASSED, REFUSED, NOT_ASKED = "passed", "refused", "not asked"


class Decisions:
    """Reads them from the records, which no other process gives away."""

    def __init__(self):
        self._lock = threading.Lock()
        self._database = None

    def of_server(self, server_id):
        """The decisions about one server, oldest first.

        :raises PageError: 503 when the records cannot be read.
        """
        # Only here: what this imports is worth 40 MB, and most pages never ask.
        import sqlalchemy as sa
        from oslo_db import exception as db_exc

        from minova.db import decisions

        try:
            with self._opened().reader() as conn:
                return [describe(row) for row in decisions.find_by_instance(conn, server_id)]
        except (db_exc.DBError, sa.exc.SQLAlchemyError, ImportError) as error:
            raise PageError(503, f"The records cannot be read: {str(error).splitlines()[0]}") from error

    def close(self):
        with self._lock:
            if self._database:
                self._database.dispose()

    def _opened(self):
        from minova.db import engine

        with self._lock:
            self._database = self._database or engine.Database()
            return self._database


def describe(row):
    """One row of ``db.decisions``; see endpoints/decisions.py for its form."""
    from minova.scheduler import explanation

    decision = row.decision
    names = [each["name"] for each in decision["filters"]]
    return {
        # People count from 1.
        "attempt": row.attempt + 1,
        "time": row.created_at.isoformat() + "Z",
        "request_id": row.request_id,
        "host": row.host,
        "alternates": decision.get("alternates") or [],
        "undone": decision.get("undone"),
        "considered": decision["hosts"],
        "left": decision["left"],
        "filters": [{"name": each["name"], "removed": each["removed"]} for each in decision["filters"]],
        "weighers": sorted({name for each in decision["weights"] for name in each["weighers"]}),
        "hosts": _weighed(decision, names, row.host) + _refused(decision, names),
        "text": list(explanation.explain(row)),
    }


def _weighed(decision, names, chosen):
    """Rows of the hosts that passed all filters, best first."""
    return [
        {
            "host": each["host"],
            "chosen": each["host"] == chosen,
            "filters": {name: {"answer": PASSED, "reason": None} for name in names},
            "weight": each["weight"],
            "weighers": each["weighers"],
        }
        for each in decision["weights"]
    ]


def _refused(decision, names):
    """Rows of the hosts that a filter refused, in the order of the filters; each is asked until the first refusal."""
    rows = []
    for turn, each in enumerate(decision["filters"]):
        for host, reason in each["hosts"].items():
            answers = {name: {"answer": PASSED, "reason": None} for name in names[:turn]}
            answers[each["name"]] = {"answer": REFUSED, "reason": reason}
            answers |= {name: {"answer": NOT_ASKED, "reason": None} for name in names[turn + 1 :]}
            rows.append({"host": host, "chosen": False, "filters": answers, "weight": None, "weighers": {}})
    return rows
