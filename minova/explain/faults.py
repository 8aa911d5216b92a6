# SPDX-License-Identifier: Apache-2.0
"""The faults of a server: when, on which host, what they mean, what to do next."""

from minova.explain import meanings
from minova.explain.sentence import epoch


def explained(case):
    """One dict per fault, the newest last: ``time``, ``host``, ``message``, ``details``, ``meanings``."""
    return [
        {
            "time": epoch(row.created_at),
            "host": row.host,
            "message": row.message,
            "details": row.details,
            "meanings": [
                {"class": m.error.__name__, "means": m.means, "to_do": m.to_do}
                for m in meanings.meanings(row.message)
            ],
        }
        for row in case.faults
    ]
