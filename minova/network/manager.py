# SPDX-License-Identifier: Apache-2.0
"""Server side of the ``network`` topic: which instance has which address; see rpcapi.py."""

import logging

import oslo_messaging as messaging
from oslo_db import exception as db_exception

import minova.conf
from minova import exception, manager
from minova.db import engine, migration, networks, services
from minova.network import rpcapi

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)

# Another network service may take the same address, or serve the same instance, at the same moment: the
# unique constraints let one of them win, and the other looks again.
_retry_on_duplicate = engine.retry(
    exception_checker=lambda error: isinstance(error, db_exception.DBDuplicateEntry)
)


class NetworkManager(manager.Manager):
    """Any number of network services work side by side: what they agree on is in the records alone."""

    service_name = "minova-network"
    target = messaging.Target(version=rpcapi.NetworkAPI.VERSION)

    def __init__(self, bus):
        self._db = engine.Database(CONF.database_patience)

    def init_host(self):
        migration.wait_for_schema(self._db)

    @engine.retry_on_deadlock
    def report_state(self):
        with self._db.writer() as conn:
            services.report(conn, CONF.host, self.service_name, rpcapi.TOPIC, "internal")

    def periodic_tasks(self):
        return ((CONF.network.release_interval, self._release_abandoned),)

    def stop(self):
        self._db.dispose()

    @messaging.expected_exceptions(exception.NetworkNotFound, exception.NoMoreAddresses)
    def allocate_for_instance(self, context, instance_uuid, attempt, project_id, requested_networks):
        """Called by the compute that builds the instance."""
        addresses = self._allocate(instance_uuid, attempt, requested_networks)
        LOG.info("[instance: %s] has %s", instance_uuid, ", ".join(row.address for row in addresses))
        return [_network_info(row) for row in addresses]

    def deallocate_for_instance(self, context, instance_uuid, attempt=None):
        """Sent by a compute that deleted an instance or failed to build it; nobody waits."""
        try:
            self._release(instance_uuid, attempt)
        except db_exception.DBError:
            LOG.exception("[instance: %s] addresses not freed; tried again when it is deleted", instance_uuid)

    @_retry_on_duplicate
    def _allocate(self, instance_uuid, attempt, network_ids):
        with self._db.writer() as conn:
            held = networks.find_addresses(conn, instance_uuid)
            if any(row.attempt < attempt for row in held):
                networks.adopt_addresses(conn, instance_uuid, attempt)
            # In the same order by everyone, so that no two wait for each other.
            for network_id in sorted(set(network_ids) - {row.network_id for row in held}):
                network = networks.get(conn, network_id)
                networks.take_address(conn, network, instance_uuid, attempt)
            rows = {row.network_id: row for row in networks.find_addresses(conn, instance_uuid)}
        return [rows[network_id] for network_id in network_ids]

    @engine.retry_on_deadlock
    def _release(self, instance_uuid, attempt=None):
        with self._db.writer() as conn:
            count = networks.release(conn, instance_uuid, attempt)
        LOG.info("[instance: %s] %s addresses freed", instance_uuid, count)

    def _release_abandoned(self):
        """Free what instances held that are gone: the message that should have freed it was lost."""
        with self._db.reader() as conn:
            abandoned = networks.find_abandoned(conn)
        for instance_uuid in abandoned:
            self._release(instance_uuid)


def _network_info(row):
    return {
        "network_id": row.network_id,
        "label": row.label,
        "port_id": row.port_id,
        "address": row.address,
        "version": 4,
        "mac_address": row.mac_address,
    }
