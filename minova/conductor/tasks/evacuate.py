# SPDX-License-Identifier: Apache-2.0
"""Evacuating instances: from a host that is down to one that makes them anew, and on to the next when it fails.

The record says how far an evacuation is. REBUILDING: the instance is on the host that it leaves, and waits for the
scheduler's choice. REBUILD_SPAWNING: it belongs to the new host, so a guest that the old one still has is a
stranger there, and is destroyed when that host returns.
"""

import logging

from oslo_utils import timeutils

import minova.conf
from minova import exception, objects
from minova.compute import task_states
from minova.compute.rebuild import Rebuild
from minova.db import instances

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)


class Evacuations:
    """Finds hosts for instances that lost theirs. Every outcome is put on record here: nobody waits."""

    def __init__(self, database, records, query_client, compute_rpcapi):
        self._db = database
        self._records = records
        self._query_client = query_client
        self._compute_rpcapi = compute_rpcapi

    def rebuild(self, context, request_spec):
        """Have the instance of a request made anew elsewhere, if in this attempt it still waits for a host."""
        row = self._find(request_spec.task_ids[0], request_spec.attempt, task_states.REBUILDING)
        if row is None:
            return
        started_at = timeutils.utcnow()
        try:
            self._check_pin()
            [host_list] = self._query_client.select_destinations(context, request_spec)
        except (exception.NoValidHost, exception.ServiceUnavailable) as error:
            self.fail(row, error, started_at)
            return
        if host_list:
            self._move_and_cast(context, row, request_spec, host_list[0].host, started_at)

    def reschedule(self, context, instance, request_spec, reason):
        """Find another host where ``instance.host`` failed; give up when all attempts are spent."""
        row = self._find(instance.task_id, instance.attempt, task_states.REBUILD_SPAWNING)
        if row is None:
            return
        self._records.note_step(row, Rebuild.event_name, row.host, timeutils.utcnow(), reason)
        if row.attempt >= CONF.scheduler.max_attempts:
            tries = f"Tried {row.attempt} times, last on {row.host}: {reason}"
            self.fail(row, exception.MaxRetriesExceeded(reason=tries), timeutils.utcnow())
            return
        self._records.move_back(row)
        tried = [*request_spec.ignore_hosts, row.host]
        self.rebuild(context, request_spec.changed(ignore_hosts=tried, attempt=row.attempt))

    def fail(self, row, error, started_at):
        """End the evacuation of an instance for good."""
        LOG.warning("[instance: %s] not evacuated: %s", row.uuid, error.message)
        task = instances.Task(row.task_id, row.attempt)
        self._records.fail_evacuation(row.uuid, task, error, started_at)

    def _find(self, task_id, attempt, task_state):
        """The instance, if it is still at this point of its evacuation."""
        with self._db.reader() as conn:
            rows = instances.find_by_task(conn, [task_id])
        if rows and (rows[0].attempt, rows[0].task_state) == (attempt, task_state):
            return rows[0]
        LOG.info("task %s is no longer in attempt %s, %s", task_id, attempt, task_state)
        return None

    def _check_pin(self):
        if not self._compute_rpcapi.can_rebuild_instance():
            reason = "[upgrade_levels] compute pins the computes to a version that cannot evacuate."
            raise exception.ServiceUnavailable(reason=reason)

    def _move_and_cast(self, context, row, spec, host, started_at):
        self._records.move(row, host, started_at)
        instance = objects.Instance.from_row(
            row, host=host, attempt=row.attempt + 1, task_state=task_states.REBUILD_SPAWNING
        )
        LOG.info("[instance: %s] attempt %s goes to %s", instance.uuid, instance.attempt, host)
        self._compute_rpcapi.rebuild_instance(context, instance, spec.changed(attempt=instance.attempt))
