# SPDX-License-Identifier: Apache-2.0
"""Server side of the ``compute`` topic: the agent beside the hypervisor. It never opens the database.

One process may serve many hosts; every message is about an instance, and ``instance.host`` says for which.
"""

import logging
import time

import oslo_messaging as messaging

import minova.conf
from minova import baserpc, context, exception, manager
from minova.compute import actions, build, rebuild, reconcile, resource_tracker, rpcapi, tasks_in_hand
from minova.conductor import api as conductor_api
from minova.conductor import rpcapi as conductor_rpcapi
from minova.network import api as network_api
from minova.scheduler.client import report

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
# What was sent to a host before it said goodbye is there by then.
_LINGER_SECONDS = 0.5


class ComputeManager(manager.Manager):
    """Endpoints of the compute; nobody waits for the casts, so each puts its outcome on record itself."""

    service_name = "minova-compute"
    target = messaging.Target(version=rpcapi.ComputeAPI.VERSION)

    def __init__(self, bus, hosts, driver):
        self._hosts = hosts
        self._driver = driver
        self._tasks_in_hand = tasks_in_hand.TasksInHand()
        self._resource_tracker = resource_tracker.ResourceTracker(hosts, driver, self._tasks_in_hand)
        self._conductor_rpcapi = conductor_rpcapi.ConductorAPI(bus)
        self._conductor_base_rpcapi = baserpc.BaseAPI(bus, conductor_rpcapi.TOPIC)
        self._report_client = report.SchedulerReportClient(bus, self._conductor_rpcapi)
        network = network_api.API(bus)
        compute_task_api = conductor_api.ComputeTaskAPI(bus)
        self._reconcile = reconcile.Reconcile(hosts, driver, self._conductor_rpcapi)
        self._build, self._rebuild = (
            work(driver, self._conductor_rpcapi, compute_task_api, network, self._reconcile)
            for work in (build.Build, rebuild.Rebuild)
        )
        self._actions = actions.Actions(driver, self._conductor_rpcapi, network)

    def init_host(self):
        admin_context = context.get_admin_context()
        self._conductor_base_rpcapi.wait_until_ready(admin_context)
        for host in self._hosts:
            self._driver.init_host(host)
        self._reconcile.run()
        self._report_client.report_host_states(admin_context, self._resource_tracker.host_states())
        self._driver.register_event_listener(self._reconcile.on_lifecycle_event)

    def report_state(self):
        """One message for all hosts of the process and all tasks in its hands."""
        admin_context = context.get_admin_context()
        tasks = self._tasks_in_hand.list()
        lost = self._conductor_rpcapi.report_hosts(admin_context, self._hosts, tasks)
        for task_id, attempt in lost:
            LOG.warning("task %s, attempt %s, is no longer ours", task_id, attempt)
        self._report_client.report_host_states(admin_context, self._resource_tracker.host_states())

    def periodic_tasks(self):
        return [
            (CONF.compute.guest_poll_interval, self._driver.poll_guests),
            (CONF.compute.reconcile_interval, self._reconcile.run),
        ]

    def say_goodbye(self):
        """No scheduler shall choose these hosts any more; what is on its way to them still finds a listener."""
        self._resource_tracker.accepting = False
        try:
            self._report_client.report_host_states(
                context.get_admin_context(), self._resource_tracker.host_states()
            )
        except messaging.MessagingException as error:
            # When everything stops, no scheduler may be left to say goodbye to.
            LOG.info("no goodbye: %s", error)
        else:
            time.sleep(_LINGER_SECONDS)

    def hand_back(self):
        tasks = self._tasks_in_hand.list()
        LOG.warning("handing back %s tasks", len(tasks))
        self._conductor_rpcapi.hand_back_tasks(context.get_admin_context(), tasks)

    def stop(self):
        self._driver.close()

    def build_and_run_instance(self, context, instance, request_spec, alternates=None):
        """Cast by a conductor."""
        self._work(context, instance, self._build.run, request_spec, alternates)

    def rebuild_instance(self, context, instance, request_spec):
        """Cast by a conductor."""
        self._work(context, instance, self._rebuild.run, request_spec, None)

    def start_instance(self, context, instance):
        """Cast by the API."""
        self._work(context, instance, self._actions.start)

    def stop_instance(self, context, instance):
        """Cast by the API."""
        self._work(context, instance, self._actions.stop)

    def reboot_instance(self, context, instance, reboot_type):
        """Cast by the API."""
        self._work(context, instance, self._actions.reboot, reboot_type)

    def terminate_instance(self, context, instance):
        """Cast by the API."""
        self._work(context, instance, self._actions.terminate)

    @messaging.expected_exceptions(exception.GuestNotFound, exception.HypervisorError)
    def get_console_output(self, context, instance, tail_length):
        """Called by the API, which waits."""
        return self._driver.get_console_output(instance.host, instance.uuid, tail_length)

    @messaging.expected_exceptions(exception.GuestNotFound, exception.HypervisorError)
    def get_diagnostics(self, context, instance):
        """Called by the API, which waits."""
        return self._driver.get_diagnostics(instance.host, instance.uuid)

    def _work(self, context, instance, work, *arguments):
        context.acting_host = instance.host
        with self._tasks_in_hand.hold(instance) as mine:
            if not mine:
                LOG.info("[instance: %s] task %s is already in hand", instance.uuid, instance.task_id)
                return
            try:
                self._work_or_settle(context, instance, work, *arguments)
            except Exception:  # noqa: BLE001 - nobody hears a cast raise; the task's deadline will tell
                LOG.exception("[instance: %s] task %s failed", instance.uuid, instance.task_id)

    def _work_or_settle(self, context, instance, work, *arguments):
        try:
            work(context, instance, *arguments)
        except exception.UnexpectedTaskStateError as error:
            LOG.warning("[instance: %s] given up: %s", instance.uuid, error.message)
            # What was done to the guest cannot be undone, but it can be told.
            self._reconcile.settle(context, instance.host, instance.uuid)
