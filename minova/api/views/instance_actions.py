# SPDX-License-Identifier: Apache-2.0
"""How the actions on a server look."""

from minova.api.views import moments


def summary(row):
    """As in the list."""
    return {
        "action": row.action,
        "instance_uuid": row.instance_uuid,
        "request_id": row.request_id,
        "user_id": row.user_id,
        "project_id": row.project_id,
        "start_time": moments.with_fraction(row.start_time),
        "message": row.message,
    }


def detail(row, events, context):
    """As by itself: with its events, the newest first, for administrators."""
    shown = summary(row)
    if context.is_admin:
        shown["events"] = [_event(event) for event in events]
    return shown


def _event(row):
    return {
        "event": row.event,
        "start_time": moments.with_fraction(row.start_time),
        "finish_time": moments.with_fraction(row.finish_time),
        "result": row.result,
        "traceback": row.details,
    }
