# SPDX-License-Identifier: Apache-2.0
"""Recovery: what happens to a task whose worker, or whose message, was lost.

A message is only a hint, the record is the truth: an instance in a task whose deadline has passed is taken over, and
what the record says is to be done is asked for again. Handlers are idempotent, and every write names its task and
attempt, so a worker that was only slow does no harm.
"""

import logging

import oslo_messaging as messaging
from oslo_utils import timeutils

import minova.conf
from minova import context, exception, objects, rpc_client, servicegroup
from minova.compute import task_states, vm_states
from minova.db import actions, instances, services

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_AT_ONCE = 100


class Recovery:
    """One conductor's sweeper; any number of them share the work.

    :param executor: runs what is taken over. It may wait for a scheduler, and the sweep must not.
    """

    def __init__(
        self, database, records, builds, evacuations, compute_rpcapi, network_api, tasks_in_hand, executor
    ):
        self._db = database
        self._records = records
        self._builds = builds
        self._evacuations = evacuations
        self._compute_rpcapi = compute_rpcapi
        self._network_api = network_api
        self._tasks_in_hand = tasks_in_hand
        self._executor = executor

    def sweep(self):
        """Take over all that is overdue and set it going again."""
        while rows := self._records.take_over_overdue(_AT_ONCE):
            for row in rows:
                # Where it is in hand here, it was only the heartbeat that came late.
                if self._tasks_in_hand.take((row.task_id, row.attempt)):
                    self._executor.submit(self._run, row)

    def _run(self, row):
        began = timeutils.utcnow()
        try:
            self._recover(row)
            self._note(row, began)
        except exception.UnexpectedTaskStateError as error:
            LOG.info("[instance: %s] needs no recovery any more: %s", row.uuid, error.message)
        except rpc_client.NobodyListens as error:
            # This counts: the host is listed as up, and the broker does not know it.
            LOG.warning("[instance: %s] task %s reaches nobody: %s", row.uuid, row.task_id, error)
            self._note(row, began)
        except messaging.MessagingException as error:
            LOG.warning("[instance: %s] task %s cannot be sent again yet: %s", row.uuid, row.task_id, error)
            self._records.forget_takeover(row)
        except Exception:  # noqa: BLE001 - the edge of a thread: the task passes its deadline once more
            LOG.exception("[instance: %s] recovery of task %s failed", row.uuid, row.task_id)
        finally:
            self._tasks_in_hand.release((row.task_id, row.attempt))

    def _recover(self, row):
        # First of all: what is logged from here on carries the request's id.
        task_context = self._context_of(row)
        LOG.warning(
            "[instance: %s] taking over task %s, abandoned in %s (time %s)",
            row.uuid,
            row.task_id,
            row.task_state,
            row.takeovers,
        )
        if row.takeovers > CONF.task.max_takeovers:
            self._give_up(row, "nobody finished it.")
        elif row.task_state in task_states.BUILD_STATES:
            self._recover_build(task_context, row)
        elif row.task_state in task_states.REBUILD_STATES:
            self._recover_evacuation(task_context, row)
        elif row.task_state == task_states.DELETING:
            self._recover_delete(task_context, row)
        else:
            self._recover_action(task_context, row)

    def _note(self, row, began):
        where = f"abandoned in {row.task_state} (time {row.takeovers})"
        self._records.note_step(row, actions.TAKE_OVER, CONF.host, began, where)

    def _recover_build(self, task_context, row):
        spec = objects.RequestSpec.obj_from_primitive(row.request_spec)
        spec.attempt = row.attempt
        if row.host is None:
            self._builds.build(task_context, spec)
        elif self._is_up(row.host):
            instance = objects.Instance.from_row(row)
            self._compute_rpcapi.build_and_run_instance(task_context, instance, spec, None)
        else:
            reason = f"{row.host} is down"
            self._builds.reschedule(task_context, objects.Instance.from_row(row), spec, None, reason)

    def _recover_evacuation(self, task_context, row):
        spec = objects.RequestSpec.obj_from_primitive(row.request_spec).changed(attempt=row.attempt)
        instance = objects.Instance.from_row(row)
        if row.task_state == task_states.REBUILDING:
            self._evacuations.rebuild(task_context, spec)
        elif self._is_up(row.host):
            self._compute_rpcapi.rebuild_instance(task_context, instance, spec)
        else:
            self._evacuations.reschedule(task_context, instance, spec, f"{row.host} is down")

    def _recover_delete(self, task_context, row):
        if row.host and self._is_up(row.host):
            self._compute_rpcapi.terminate_instance(task_context, objects.Instance.from_row(row))
            return
        # As a delete while the host is down: the compute destroys the guest when it comes back.
        if row.network_info:
            self._network_api.deallocate_for_instance(task_context, row.uuid)
        self._records.destroy(row.uuid, instances.Task(row.task_id, row.attempt))

    def _recover_action(self, task_context, row):
        if not self._is_up(row.host):
            self._give_up(row, f"{row.host} is down.")
            return
        instance = objects.Instance.from_row(row)
        if row.task_state == task_states.POWERING_ON:
            self._compute_rpcapi.start_instance(task_context, instance)
        elif row.task_state == task_states.POWERING_OFF:
            self._compute_rpcapi.stop_instance(task_context, instance)
        else:
            reboot_type = "HARD" if row.task_state == task_states.REBOOTING_HARD else "SOFT"
            self._compute_rpcapi.reboot_instance(task_context, instance, reboot_type)

    def _give_up(self, row, reason):
        """End a task for good. What it was doing may be half done, so the instance is in ERROR."""
        error = exception.TaskAbandoned(task_state=row.task_state, times=row.takeovers, reason=reason)
        task = instances.Task(row.task_id, row.attempt)
        LOG.error("[instance: %s] %s", row.uuid, error.message)
        if row.vm_state == vm_states.BUILDING:
            self._records.fail(row.uuid, task, error)
        elif row.task_state in task_states.REBUILD_STATES:
            self._evacuations.fail(row, error, timeutils.utcnow())
        else:
            self._records.abandon(row.uuid, task, error)

    def _is_up(self, host):
        with self._db.reader() as conn:
            found = services.find(conn, host=host, binary="minova-compute")
        return any(servicegroup.is_up(service) for service in found)

    def _context_of(self, row):
        """The context of the request that began the task, so that its trace and its logs go on."""
        with self._db.reader() as conn:
            action = actions.get_by_id(conn, row.task_id)
        return context.RequestContext(
            request_id=action.request_id, user_id=action.user_id, project_id=action.project_id
        )
