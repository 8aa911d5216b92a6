# SPDX-License-Identifier: Apache-2.0
"""Tasks past their deadline that no conductor has taken over, and clocks that differ."""

import time

import minova.conf
from minova import servicegroup
from minova.db import histories
from minova.doctor import database, services
from minova.doctor.finding import error, ok, warning
from minova.explain.sentence import count, duration, epoch

CONF = minova.conf.CONF
_LOOKED_AT = 1000
_NAMED = 3
# A conductor may be a little late; who is later than this has died or is far behind.
_SLACK_SECONDS = 2
_CLOCK_SECONDS = 2


def overdue(_patient):
    with database.opened() as opened, opened.reader() as conn:
        now = histories.now(conn)
        patience = 2 * CONF.task.sweep_interval + _SLACK_SECONDS
        rows = [
            row for row in histories.find_overdue(conn, _LOOKED_AT) if now - row.deadline_epoch > patience
        ]
    if not rows:
        return ok("No task is past its deadline.")
    named = ", ".join(f"{row.display_name} ({row.task_state})" for row in rows[:_NAMED])
    more = ", ..." if len(rows) > _NAMED else ""
    return error(
        f"{count(len(rows), 'task')} past the deadline, the oldest by {duration(now - rows[0].deadline_epoch)}: "
        f"{named}{more}. No conductor takes them over.",
        "Start a minova-conductor, or see why it does not answer. `minova explain SERVER` tells more.",
    )


def clocks(_patient):
    """Each report is dated by the database's clock, and by the clock of the service that wrote it."""
    with database.opened() as opened, opened.reader() as conn:
        here = time.time() - histories.now(conn)
    findings = [_differs("this machine", here)] if abs(here) > _CLOCK_SECONDS else []
    for row in services.registered():
        # Computes report through a conductor, and are dated by its clock.
        if row.binary != "minova-compute" and servicegroup.is_up(row):
            ahead = epoch(row.updated_at) - row.last_seen_epoch
            # Who disables a service dates its row anew, until its next report.
            if ahead < -_CLOCK_SECONDS or ahead > _CLOCK_SECONDS + CONF.report_interval:
                findings.append(_differs(f"{row.host} ({row.binary})", ahead))
    return findings or ok("The clocks of services and of this machine agree with the database's.")


def _differs(whose, ahead_seconds):
    how = "ahead of" if ahead_seconds > 0 else "behind"
    return warning(
        f"The clock of {whose} is {duration(abs(ahead_seconds))} {how} the database's.",
        "Deadlines do not depend on it, but times of logs and traces do: run NTP.",
    )
