# SPDX-License-Identifier: Apache-2.0
"""What an administrator may ask of services and hosts; runs in minova-api."""

import time

from minova import exception, servicegroup
from minova.db import compute_nodes, engine, instance_lists, migration, services

_LOOK_SECONDS = 0.05


class API:
    """The services, and the hypervisors behind the compute services. All of it is for administrators."""

    def __init__(self, database):
        self._database = database

    def wait_for_records(self):
        """Return once the database is there, with the tables that this code knows."""
        migration.wait_for_schema(self._database)

    def wait_for_a_host(self, patience_seconds):
        """Return once a compute host is up, or after so long: without any there is something to administer, too."""
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline and not self._has_a_host():
            time.sleep(_LOOK_SECONDS)

    @engine.retry_on_deadlock
    def report_state(self, host, binary, topic):
        """Note that a service of this process lives."""
        with self._database.writer() as conn:
            services.report(conn, host, binary, topic, "internal")

    def close(self):
        """Let go of the database."""
        self._database.dispose()

    def find_services(self, context, host=None, binary=None):
        """Rows of db.services."""
        _require_admin(context, "os-services:list")
        with self._database.reader() as conn:
            return services.find(conn, host=host, binary=binary)

    def get_service(self, context, host, binary):
        """:raises ServiceNotFound: named as Nova names what has no uuid."""
        found = self.find_services(context, host, binary)
        if not found:
            raise exception.ServiceNotFound(f"Could not find binary {binary} on host {host}.")
        return found[0]

    @engine.retry_on_deadlock
    def update_service(self, context, service_uuid, **values):
        """Set ``disabled``, ``disabled_reason`` or ``forced_down``.

        :returns: the row as it is now.
        :raises ServiceNotFound:
        """
        _require_admin(context, "os-services:update")
        with self._database.writer() as conn:
            services.update(conn, service_uuid, **values)
            return services.get(conn, service_uuid)

    def delete_service(self, context, service_uuid):
        """Forget a service; of a compute also its node.

        :raises ServiceNotFound:
        :raises Conflict: when instances are still on the host.
        """
        _require_admin(context, "os-services:delete")
        with self._database.writer() as conn:
            row = services.get(conn, service_uuid)
            if row.binary == "minova-compute":
                if instance_lists.find(conn, instance_lists.Query(host=row.host, limit=1)):
                    raise exception.Conflict(
                        f"Unable to delete compute service that is hosting instances. Host: {row.host}"
                    )
                compute_nodes.delete(conn, row.host)
            services.delete(conn, service_uuid)

    def find_hypervisors(self, context):
        """Rows of db.compute_nodes, each with its service."""
        _require_admin(context, "os-hypervisors:list")
        with self._database.reader() as conn:
            return compute_nodes.find(conn)

    def get_hypervisor(self, context, hypervisor_id):
        """:raises ComputeHostNotFound:"""
        _require_admin(context, "os-hypervisors:show")
        try:
            with self._database.reader() as conn:
                return compute_nodes.get(conn, hypervisor_id)
        except exception.ComputeHostNotFound as err:
            message = f"Hypervisor with ID '{hypervisor_id}' could not be found."
            raise exception.ComputeHostNotFound(message) from err

    def find_instances_on(self, context, host):
        """The living instances of a host."""
        _require_admin(context, "os-hypervisors:servers")
        with self._database.reader() as conn:
            return instance_lists.find(conn, instance_lists.Query(host=host))

    def get_statistics(self, context):
        """Sums over all hypervisors."""
        _require_admin(context, "os-hypervisors:statistics")
        with self._database.reader() as conn:
            return compute_nodes.statistics(conn)

    def find_zones(self, context, with_hosts=False):
        """All services, for the zones that they make.

        :param with_hosts: the caller shows hosts, which is for administrators.
        """
        if with_hosts:
            _require_admin(context, "os-availability-zone:detail")
        with self._database.reader() as conn:
            return services.find(conn)

    def _has_a_host(self):
        with self._database.reader() as conn:
            return any(servicegroup.is_up(node) for node in compute_nodes.find(conn))


def _require_admin(context, rule):
    if not context.is_admin:
        raise exception.Forbidden(action=f"os_compute_api:{rule}")
