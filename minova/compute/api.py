# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of instances; runs in minova-api.

Every method that changes something checks the instance, writes the task and its action record in one
transaction, and only then sends a message. The record is the truth: where a message cannot be sent, the user's
request stands, and its task is due at once, for a conductor to take over. While the bus is known to be away, what
needs it is refused before anything is written.
"""

import logging
import uuid

import oslo_messaging as messaging
from oslo_db import exception as db_exc

import minova.conf
from minova import exception, objects, servicegroup
from minova.compute import create, evacuation, rpcapi, task_states, vm_states
from minova.conductor import api as conductor_api
from minova.db import (
    actions,
    allocations,
    engine,
    flavors,
    images,
    instance_lists,
    instances,
    networks,
    quotas,
    services,
)
from minova.network import api as network_api

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)

# What find() can sort by.
SORT_KEYS = tuple(instance_lists.SORT_KEYS)
_HARD_REBOOT_FROM = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.ERROR)
_REBOOT_TASKS = (task_states.REBOOTING, task_states.REBOOTING_HARD)
_EVACUATE_FROM = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.ERROR)
# What a host that is down will not finish.
_EVACUATE_INTERRUPTS = (task_states.POWERING_OFF, task_states.POWERING_ON, *_REBOOT_TASKS)


class API:
    """The instances of all projects; a user meets only those of the project of the request."""

    def __init__(self, bus, database):
        self._bus = bus
        self._database = database
        self._compute_task_api = conductor_api.ComputeTaskAPI(bus)
        self._compute_rpcapi = rpcapi.ComputeAPI(bus)
        self._network_api = network_api.API(bus)

    def get(self, context, instance_uuid):
        """:raises InstanceNotFound:"""
        with self._database.reader() as conn:
            return instance_lists.get(conn, instance_uuid, _project_of(context))

    def get_with_fault(self, context, instance_uuid):
        """An instance and its newest fault, which is None unless the instance is in ERROR.

        :raises InstanceNotFound:
        """
        with self._database.reader() as conn:
            row = instance_lists.get(conn, instance_uuid, _project_of(context))
            return row, _faults_of(conn, [row]).get(row.uuid)

    def find(self, _context, criteria):
        """A page of instances, and the newest fault by uuid of those in ERROR.

        :param criteria: fields of db.instance_lists.Query.
        :raises MarkerNotFound:
        """
        query = instance_lists.Query(**criteria)
        with self._database.reader() as conn:
            rows = instance_lists.find(conn, query)
            return rows, _faults_of(conn, rows)

    def create(self, context, request):
        """Record the instances of one request (create.CreateRequest) and have them built.

        :returns: their columns.
        :raises Invalid: when the request names what does not exist or does not fit.
        :raises QuotaExceeded:
        """
        self._bus.raise_if_away()
        create.check_metadata(request.metadata)
        plan = self._plan(context, request)
        rows = self._store(context, plan)
        spec = plan.request_spec
        spec.instance_uuids = [row["uuid"] for row in rows]
        spec.task_ids = [row["task_id"] for row in rows]
        LOG.info("[instance: %s] to be built: %s", ", ".join(spec.instance_uuids), request.name)
        self._cast(spec.task_ids, self._compute_task_api.build_instances, context, spec)
        return rows

    @engine.retry_on_deadlock
    def rename(self, context, instance_uuid, **columns):
        """Give an instance another name or description; allowed in every state."""
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context), lock=True)
            instance_lists.update(conn, row.id, **columns)
            return instance_lists.get(conn, instance_uuid), _faults_of(conn, [row]).get(row.uuid)

    @engine.retry_on_deadlock
    def update_metadata(self, context, instance_uuid, metadata, replace=False):
        """Add to the metadata of an instance, or replace all of it.

        :returns: the metadata as it is now.
        """
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context), lock=True)
            merged = metadata if replace else {**row.metadata, **metadata}
            create.check_metadata(merged)
            instance_lists.update(conn, row.id, metadata=merged)
        return merged

    @engine.retry_on_deadlock
    def delete_metadata(self, context, instance_uuid, key):
        """:raises NotFound: when the instance has no such item."""
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context), lock=True)
            if key not in row.metadata:
                raise exception.NotFound("Metadata item was not found")
            rest = {name: value for name, value in row.metadata.items() if name != key}
            instance_lists.update(conn, row.id, metadata=rest)

    def stop(self, context, instance_uuid):
        """Power an instance off."""
        instance = self._begin(
            context, instance_uuid, "stop", task_states.POWERING_OFF, (vm_states.ACTIVE, vm_states.ERROR)
        )
        self._cast([instance.task_id], self._compute_rpcapi.stop_instance, context, instance)

    def start(self, context, instance_uuid):
        """Power an instance on."""
        instance = self._begin(context, instance_uuid, "start", task_states.POWERING_ON, (vm_states.STOPPED,))
        self._cast([instance.task_id], self._compute_rpcapi.start_instance, context, instance)

    def reboot(self, context, instance_uuid, reboot_type):
        """Reboot an instance, ``SOFT`` or ``HARD``; a hard reboot also takes over from one that hangs."""
        if reboot_type == "HARD":
            task_state, allowed, interruptible = (
                task_states.REBOOTING_HARD,
                _HARD_REBOOT_FROM,
                _REBOOT_TASKS,
            )
        else:
            task_state, allowed, interruptible = task_states.REBOOTING, (vm_states.ACTIVE,), ()
        instance = self._begin(context, instance_uuid, "reboot", task_state, allowed, interruptible)
        self._cast([instance.task_id], self._compute_rpcapi.reboot_instance, context, instance, reboot_type)

    def evacuate(self, context, instance_uuid, host=None):
        """Have an instance whose host is down made anew on another: on ``host``, where it is given.

        :raises Forbidden: to those who are no administrators.
        :raises ComputeHostNotFound: when there is no such host.
        :raises ComputeServiceInUse: when the instance's own host is up.
        :raises InstanceInvalidState:
        """
        if not context.is_admin:
            raise exception.Forbidden(action="os_compute_api:os-evacuate")
        instance, spec = self._begin_evacuation(context, instance_uuid, host)
        LOG.info("[instance: %s] to be evacuated from %s", instance.uuid, instance.host)
        self._cast([instance.task_id], self._compute_task_api.rebuild_instance, context, instance, spec)

    def delete(self, context, instance_uuid):
        """Delete an instance in whatever state; one whose host cannot do it is deleted from the records at once.

        :raises InstanceNotFound:
        """
        row, at_once = self._begin_delete(context, instance_uuid)
        if row is None:
            return
        if not at_once:
            instance = objects.Instance.from_row(row)
            self._cast([instance.task_id], self._compute_rpcapi.terminate_instance, context, instance)
        elif row.network_info:
            self._cast([], self._network_api.deallocate_for_instance, context, instance_uuid)

    def get_console_output(self, context, instance_uuid, tail_length=None):
        """The last lines of the console log, all of them for None.

        :raises ServiceUnavailable: when the host does not answer.
        """
        with self._database.reader() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context))
        _check_ready(row)
        instance = objects.Instance.from_row(row)
        try:
            return self._compute_rpcapi.get_console_output(context, instance, tail_length)
        except (messaging.MessagingTimeout, messaging.MessageDeliveryFailure) as err:
            reason = f"The compute service of host {row.host} did not answer: {err}."
            raise exception.ServiceUnavailable(reason=reason) from err
        except exception.GuestNotFound as err:
            raise exception.NotFound("Unable to get console") from err

    def find_actions(self, context, instance_uuid):
        """What was done to an instance, newest first.

        :raises InstanceNotFound:
        """
        with self._database.reader() as conn:
            instance_lists.get(conn, instance_uuid, _project_of(context))
            return actions.find(conn, instance_uuid)

    def get_action(self, context, instance_uuid, request_id):
        """One action and its events.

        :raises InstanceNotFound:
        :raises ActionNotFound:
        """
        with self._database.reader() as conn:
            instance_lists.get(conn, instance_uuid, _project_of(context))
            action = actions.get(conn, instance_uuid, request_id)
            return action, actions.find_events(conn, action.id)

    def get_limits(self, context, project_id=None):
        """The limits and the usage of a project (db.quotas.Amounts each)."""
        project_id = project_id or context.project_id
        with self._database.reader() as conn:
            return quotas.limits(conn, project_id), quotas.usage(conn, project_id)

    def _plan(self, context, request):
        """Look up what the request names; what is not there is the request's fault, so 400 and not 404."""
        try:
            with self._database.reader() as conn:
                flavor = flavors.get(conn, request.flavorid, public_only=not context.is_admin)
                image = images.get(conn, request.image_ref)
                known = networks.find(conn) if request.networks not in (None, "none") else []
                _check_destination(conn, context, request)
        except exception.NotFound as err:
            raise exception.Invalid(err.message) from err
        create.check_image(image, flavor)
        network_ids = network_api.validate_networks(request.networks, known)
        return create.make_plan(context, request, flavor, network_ids)

    def _store(self, context, plan):
        while True:
            rows = self._store_within_quota(context, plan)
            if rows is not None:
                return rows
            try:
                with self._database.writer() as conn:
                    quotas.add_project(conn, context.project_id)
            except db_exc.DBDuplicateEntry:
                LOG.debug("project %s has just got its quota row from another request", context.project_id)

    @engine.retry_on_deadlock
    def _store_within_quota(self, context, plan):
        """:returns: the new instances, or None when the project has no quota row to lock yet."""
        with self._database.writer() as conn:
            limits = quotas.lock(conn, context.project_id)
            if limits is None:
                return None
            usage = quotas.usage(conn, context.project_id)
            count = create.count_within_quota(plan.request, plan.flavor, limits, usage)
            rows = create.instance_rows(context, plan, count)
            instances.insert(conn, rows, CONF.task.deadline_seconds)
            uuids_by_task = {row["task_id"]: row["uuid"] for row in rows}
            actions.start_many(conn, context, uuids_by_task, "create")
        return rows

    @engine.retry_on_deadlock
    def _begin(self, context, instance_uuid, action, task_state, vm_states_allowed, interruptible=()):
        """Start a task on an instance in one of these vm_states, unless a task that may not be cut short runs.

        :returns: the instance as it is then, for the compute.
        :raises InstanceInvalidState:
        """
        self._bus.raise_if_away()
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context), lock=True)
            _check_state(row, action, vm_states_allowed, (None, *interruptible))
            _check_ready(row)
            self._start_task(conn, context, row, action, task_state)
            return objects.Instance.from_row(instances.get(conn, instance_uuid))

    @engine.retry_on_deadlock
    def _begin_evacuation(self, context, instance_uuid, host):
        """:returns: the instance, still on the host that it leaves, and what the scheduler is to be asked."""
        self._bus.raise_if_away()
        self._check_pins()
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, lock=True)
            evacuation.check_target(conn, row, host)
            _check_state(row, "evacuate", _EVACUATE_FROM, (None, *_EVACUATE_INTERRUPTS))
            _check_ready(row)
            if _host_is_up(conn, row.host):
                raise exception.ComputeServiceInUse(host=row.host)
            task_id = self._start_task(conn, context, row, "evacuate", task_states.REBUILDING)
            spec = evacuation.request_spec(row, task_id, host)
            instances.set_request_spec(conn, instance_uuid, spec.obj_to_primitive())
            allocations.set_aside(conn, instance_uuid)
            return objects.Instance.from_row(instances.get(conn, instance_uuid)), spec

    def _check_pins(self):
        """:raises Conflict: when a service that has to take part may still be too old for it."""
        if not (
            self._compute_task_api.can_rebuild_instance() and self._compute_rpcapi.can_rebuild_instance()
        ):
            raise exception.Conflict(
                "Servers cannot be evacuated during this upgrade: [upgrade_levels] pins conductors or computes to a "
                "version that does not know how."
            )

    @engine.retry_on_deadlock
    def _begin_delete(self, context, instance_uuid):
        """:returns: the instance and whether it is deleted already; (None, None) when a delete is under way."""
        with self._database.writer() as conn:
            row = instances.get(conn, instance_uuid, _project_of(context), lock=True)
            at_once = row.host is None or not _host_is_up(conn, row.host)
            if row.task_state == task_states.DELETING and not at_once:
                return None, None
            if not at_once:
                self._bus.raise_if_away()
            task_id = self._start_task(conn, context, row, "delete", task_states.DELETING)
            row = instances.get(conn, instance_uuid)
            if at_once:
                instances.delete(conn, row)
                allocations.release(conn, instance_uuid)
                actions.finish(conn, task_id)
        LOG.info("[instance: %s] %s", instance_uuid, "deleted" if at_once else "to be deleted")
        return row, at_once

    def _start_task(self, conn, context, row, action, task_state):
        task_id = str(uuid.uuid4())
        if row.task_id:
            actions.finish(conn, row.task_id, f"Taken over by {action}.")
        if row.task_state in task_states.REBUILD_STATES:
            # Whichever of its two hosts it is on now, there is no way to the other any more.
            allocations.release_all_but(conn, row.uuid, row.host)
        instances.begin_task(conn, row, task_id, task_state, CONF.task.deadline_seconds)
        actions.start(conn, context, row.uuid, action, task_id)
        return task_id

    def _cast(self, task_ids, send, context, *arguments):
        try:
            send(context, *arguments)
        except messaging.MessagingException as error:
            LOG.warning("[%s] the record stands, and a conductor goes on: %s", context.request_id, error)
            self._make_due(task_ids)

    def _make_due(self, task_ids):
        try:
            with self._database.writer() as conn:
                instances.make_due(conn, task_ids)
        except db_exc.DBError as error:
            LOG.warning("tasks %s come due in their own time: %s", ", ".join(task_ids), error)


def _project_of(context):
    """The project to which a request is confined; an administrator's is not."""
    return None if context.is_admin else context.project_id


def _faults_of(conn, rows):
    in_error = [row.uuid for row in rows if row.vm_state == vm_states.ERROR]
    return actions.latest_faults(conn, in_error) if in_error else {}


def _check_state(row, action, vm_states_allowed, task_states_allowed):
    for attribute, allowed in (("vm_state", vm_states_allowed), ("task_state", task_states_allowed)):
        state = getattr(row, attribute)
        if state not in allowed:
            raise exception.InstanceInvalidState(
                method=action, instance_id=row.uuid, attribute=attribute, state=state
            )


def _check_ready(row):
    """Without a host there is nobody to send to: a message to no server would go to any."""
    if row.host is None:
        raise exception.Conflict(f"Instance {row.uuid} is not ready")


def _host_is_up(conn, host):
    return any(servicegroup.is_up(row) for row in services.find(conn, host=host, binary="minova-compute"))


def _check_destination(conn, context, request):
    """:raises Invalid: for a zone or a host that does not exist, or a host that not everyone may choose."""
    if request.availability_zone is None and request.force_host is None:
        return
    if request.force_host is not None and not context.is_admin:
        raise exception.Forbidden(action="os_compute_api:servers:create:forced_host")
    known = services.find(conn, host=request.force_host, binary="minova-compute")
    if request.force_host is not None and not known:
        raise exception.ComputeHostNotFound(host=request.force_host)
    zone = request.availability_zone
    if zone is not None and zone not in {row.availability_zone for row in known}:
        raise exception.Invalid("The requested availability zone is not available")
