# SPDX-License-Identifier: Apache-2.0
"""Building instances: from a request to a cast at each chosen host, and on to the next host when one fails."""

import logging

from oslo_utils import timeutils

import minova.conf
from minova import exception, objects, rpc_client
from minova.compute import task_states
from minova.compute.build import Build
from minova.db import instances

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)


class BuildInstances:
    """Finds hosts for instances and casts the builds. Every outcome is put on record here: nobody waits."""

    def __init__(self, database, records, query_client, compute_rpcapi):
        self._db = database
        self._records = records
        self._query_client = query_client
        self._compute_rpcapi = compute_rpcapi

    def build(self, context, request_spec):
        """Build those instances of a request that still wait for a host in its attempt."""
        rows = self._waiting(request_spec)
        if not rows:
            LOG.info("[instance: %s] nothing left to build", ", ".join(request_spec.instance_uuids))
            return
        spec = _narrowed(request_spec, rows)
        try:
            host_lists = self._query_client.select_destinations(context, spec)
        except (exception.NoValidHost, exception.ServiceUnavailable) as error:
            for row in rows:
                self._fail(row, error)
            return
        for row, host_list in zip(rows, host_lists, strict=True):
            if host_list:
                selected, *alternates = host_list
                self._assign_and_cast(context, row, spec, selected, alternates)

    def reschedule(self, context, instance, request_spec, alternates, reason):
        """Have another host build what ``instance.host`` could not; ERROR when all attempts are spent."""
        with self._db.reader() as conn:
            rows = instances.find_by_task(conn, [instance.task_id])
        if not rows or rows[0].attempt != instance.attempt:
            LOG.info("[instance: %s] no longer to be rescheduled", instance.uuid)
            return
        row = rows[0]
        self._records.note_step(row, Build.event_name, row.host, timeutils.utcnow(), reason)
        if row.attempt >= CONF.scheduler.max_attempts:
            tries = f"Tried {row.attempt} times, last on {row.host}: {reason}"
            self._fail(row, exception.MaxRetriesExceeded(reason=tries), reason)
            return
        tried = [*request_spec.ignore_hosts, row.host]
        spec = request_spec.changed(ignore_hosts=tried, attempt=row.attempt)
        if not self._try_alternates(context, row, spec, alternates or []):
            self._records.unassign(row, task_states.BUILD_STATES)
            self.build(context, spec)

    def _waiting(self, request_spec):
        with self._db.reader() as conn:
            rows = instances.find_by_task(conn, request_spec.task_ids)
        return [
            row
            for row in rows
            if row.task_state == task_states.SCHEDULING
            and row.attempt == request_spec.attempt
            and not row.host
        ]

    def _assign_and_cast(self, context, row, spec, selected, alternates):
        try:
            self._records.assign(row, selected.host)
        except exception.UnexpectedTaskStateError as error:
            LOG.info("[instance: %s] not built: %s", row.uuid, error.message)
        else:
            self._cast(context, row, selected.host, spec, alternates)

    def _try_alternates(self, context, row, spec, alternates):
        """:returns: whether one of the alternates still has room and got the instance."""
        size = (spec.vcpus, spec.memory_mb, spec.local_gb)
        for position, alternate in enumerate(alternates):
            if self._records.claim_and_assign(row, alternate.host, size):
                self._cast(context, row, alternate.host, spec, alternates[position + 1 :])
                return True
        return False

    def _cast(self, context, row, host, spec, alternates):
        """Send the instance, as it has just become, to its host."""
        instance = objects.Instance.from_row(
            row, host=host, attempt=row.attempt + 1, task_state=task_states.SCHEDULING
        )
        LOG.info("[instance: %s] attempt %s goes to %s", instance.uuid, instance.attempt, host)
        own_spec = _narrowed(spec, [instance])
        try:
            self._compute_rpcapi.build_and_run_instance(context, instance, own_spec, alternates)
        except rpc_client.NobodyListens as error:
            # Its deadline will tell whether the host is back by then; the other instances shall not wait for that.
            LOG.warning("[instance: %s] attempt %s waits: %s", instance.uuid, instance.attempt, error)

    def _fail(self, row, error, details=None):
        LOG.warning("[instance: %s] %s", row.uuid, error.message)
        try:
            self._records.fail(row.uuid, instances.Task(row.task_id, row.attempt), error, details)
        except exception.UnexpectedTaskStateError as lost:
            LOG.info("[instance: %s] not failed: %s", row.uuid, lost.message)


def _narrowed(spec, rows):
    """The part of a request that is about ``rows``."""
    return spec.changed(
        instance_uuids=[row.uuid for row in rows],
        task_ids=[row.task_id for row in rows],
        attempt=rows[0].attempt,
    )
