# SPDX-License-Identifier: Apache-2.0
"""Server side of the ``conductor`` topic: writes the records for the computes, and runs the long tasks."""

import contextlib
import logging
import time
from concurrent import futures

import oslo_messaging as messaging

import minova.conf
from minova import baserpc, context, exception, manager, objects, servicegroup
from minova.compute import rpcapi as compute_rpcapi
from minova.compute import task_states, tasks_in_hand
from minova.conductor import records, rpcapi
from minova.conductor.tasks import build, evacuate, recover
from minova.db import compute_nodes, engine, instances, migration, services
from minova.network import api as network_api
from minova.scheduler.client import query

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
# Each may wait for the scheduler as long as [scheduler] query_deadline.
_RECOVERING_AT_ONCE = 64


class ConductorManager(manager.Manager):
    """The computes' way to the records."""

    service_name = "minova-conductor"
    target = messaging.Target(version=rpcapi.ConductorAPI.VERSION)

    def __init__(self, bus):
        self._db = engine.Database(CONF.database_patience)
        self._records = records.Records(self._db)
        compute = compute_rpcapi.ComputeAPI(bus)
        shared = (self._db, self._records, query.SchedulerQueryClient(bus), compute)
        builds, evacuations = build.BuildInstances(*shared), evacuate.Evacuations(*shared)
        self._tasks_in_hand = tasks_in_hand.TasksInHand()
        self._base_rpcapi = baserpc.BaseAPI(bus, rpcapi.TOPIC)
        # Of the monotonic clock.
        self._reported = time.monotonic()
        self._is_leaving = False
        self._recovering = futures.ThreadPoolExecutor(_RECOVERING_AT_ONCE, "recovery")
        self._recovery = recover.Recovery(
            self._db,
            self._records,
            builds,
            evacuations,
            compute,
            network_api.API(bus),
            self._tasks_in_hand,
            self._recovering,
        )
        tasks = ComputeTaskManager(builds, evacuations, self._tasks_in_hand, self._end_silence)
        self.additional_endpoints = [tasks]

    def init_host(self):
        migration.wait_for_schema(self._db)

    def pre_start_hook(self):
        # What comes first may be about a host whose reports nobody wrote down for a while.
        self._report()

    def report_state(self):
        """The service lives, and can be reached: it says so where it hears itself by way of the broker.

        A conductor that cannot be reached hears no host either. It is silent, so that this time counts for no host.
        """
        if self._is_leaving:
            return
        try:
            self._base_rpcapi.ping(context.get_admin_context(), "heard", server=CONF.host)
        except messaging.MessagingException as error:
            LOG.warning("no report, since nobody can reach this conductor: %s", error)
        else:
            self._report()

    def periodic_tasks(self):
        return [(CONF.report_interval, self._keep_tasks), (CONF.task.sweep_interval, self._sweep)]

    def say_goodbye(self):
        # Its own call would wait in a queue without a consumer.
        self._is_leaving = True

    def hand_back(self):
        self._hand_back(self._tasks_in_hand.list())

    def stop(self):
        # What is left passes its deadline once more, and another conductor takes it over.
        self._recovering.shutdown(wait=False, cancel_futures=True)
        self._db.dispose()

    @engine.retry_on_deadlock
    def report_hosts(self, context, hosts, tasks):
        """Called by a compute for all its hosts and tasks in hand; it is told which it has lost."""
        held = [instances.Task(*task) for task in tasks]
        with self._db.writer() as conn:
            for host in hosts:
                services.report(conn, host, "minova-compute", "compute", CONF.compute.availability_zone)
            lost = instances.extend_deadlines(conn, held, CONF.task.deadline_seconds)
        return [[task.id, task.attempt] for task in lost]

    def hand_back_tasks(self, context, tasks):
        """Cast by a compute that was told to stop and cannot wait for what it has in hand."""
        self._hand_back(tasks)

    @engine.retry_on_deadlock
    def report_host_states(self, context, host_states):
        """Cast by a compute's SchedulerReportClient."""
        with self._db.writer() as conn:
            compute_nodes.save_host_states(conn, host_states)

    @messaging.expected_exceptions(exception.UnexpectedTaskStateError, exception.Invalid)
    def instance_update(self, context, instance_uuid, task, expected_task_states, updates, event):
        """Called by the compute that works on the instance."""
        self._records.update(instance_uuid, instances.Task(*task), expected_task_states, updates, event)

    @messaging.expected_exceptions(exception.UnexpectedTaskStateError)
    def instance_destroy(self, context, instance_uuid, task, event):
        """Called by the compute that destroyed the guest."""
        self._records.destroy(instance_uuid, instances.Task(*task), event)

    def instances_of_hosts(self, context, hosts):
        """Called by a compute at its start and periodically."""
        with self._db.reader() as conn:
            return [objects.Instance.from_row(row) for row in instances.find_by_hosts(conn, hosts)]

    def find_instance(self, context, instance_uuid):
        """Called by a compute that was told that its task on the instance is over."""
        with self._db.reader() as conn:
            row = instances.find(conn, instance_uuid)
        return None if row is None else objects.Instance.from_row(row)

    @messaging.expected_exceptions(exception.InstanceNotFound)
    def sync_power_state(self, context, instance_uuid, host, power_state):
        """Called by a compute whose guest stopped, crashed or started by itself."""
        self._records.sync_power_state(instance_uuid, host, power_state)

    @engine.retry_on_deadlock
    def _keep_tasks(self):
        """They are worked on: a scheduler may be slow to answer."""
        held = [instances.Task(*task) for task in self._tasks_in_hand.list()]
        if held:
            with self._db.writer() as conn:
                instances.extend_deadlines(conn, held, CONF.task.deadline_seconds)

    def _sweep(self):
        # A host may seem dead only because this process slept, or the broker or the database was away.
        if not self._is_silent():
            self._recovery.sweep()

    def _end_silence(self):
        """A message has come, so others reach this conductor; no host shall be taken for dead because it was silent."""
        if self._is_silent():
            self._report()

    def _is_silent(self):
        return time.monotonic() - self._reported > servicegroup.outage_seconds()

    @engine.retry_on_deadlock
    def _report(self):
        with self._db.writer() as conn:
            services.pass_over_outage(
                conn, self.service_name, "minova-compute", servicegroup.outage_seconds()
            )
            services.report(conn, CONF.host, self.service_name, rpcapi.TOPIC, "internal")
        self._reported = time.monotonic()

    @engine.retry_on_deadlock
    def _hand_back(self, tasks):
        with self._db.writer() as conn:
            instances.hand_back(conn, [instances.Task(*task) for task in tasks])


class ComputeTaskManager:
    """Endpoint of namespace ``compute_task``. Everything comes as a cast: outcomes go on record, not back."""

    target = messaging.Target(namespace="compute_task", version=rpcapi.ComputeTaskAPI.VERSION)

    def __init__(self, builds, evacuations, tasks_in_hand, end_silence):
        """:param end_silence: called before any work, since that asks which hosts are up."""
        self._builds = builds
        self._evacuations = evacuations
        self._tasks_in_hand = tasks_in_hand
        self._end_silence = end_silence

    def build_instances(self, context, request_spec):
        """Cast by the API, once for all instances of a request."""
        self._end_silence()
        with self._tasks_in_hand.hold_all(
            [(task_id, request_spec.attempt) for task_id in request_spec.task_ids]
        ):
            self._builds.build(context, request_spec)

    def rebuild_instance(self, context, instance, request_spec):
        """Cast by the API for an instance whose host is down."""
        with self._working_on(instance):
            self._evacuations.rebuild(context, request_spec)

    def reschedule_instance(self, context, instance, request_spec, alternates, reason):
        """Cast by a compute that could not build, or not make anew what was evacuated."""
        with self._working_on(instance):
            if instance.task_state in task_states.REBUILD_STATES:
                self._evacuations.reschedule(context, instance, request_spec, reason)
            else:
                self._builds.reschedule(context, instance, request_spec, alternates, reason)

    @contextlib.contextmanager
    def _working_on(self, instance):
        self._end_silence()
        try:
            with self._tasks_in_hand.hold_all([(instance.task_id, instance.attempt)]):
                yield
        except exception.UnexpectedTaskStateError as error:
            LOG.info("[instance: %s] left to others: %s", instance.uuid, error.message)
