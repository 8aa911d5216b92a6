# SPDX-License-Identifier: Apache-2.0
"""Server side of the ``scheduler`` topic; see rpcapi.py."""

import random

import oslo_messaging as messaging

import minova.conf
from minova import exception, manager
from minova.db import decisions, engine, migration, services
from minova.scheduler import chooser, destinations, extensions, host_manager, rpcapi

CONF = minova.conf.CONF
_PRUNE_SECONDS = 60


class SchedulerManager(manager.Manager):
    """Any number of schedulers work side by side: what they agree on is in the records alone.

    :raises InvalidOption: when an enabled filter or weigher does not exist.
    """

    service_name = "minova-scheduler"
    target = messaging.Target(version=rpcapi.SchedulerAPI.VERSION)

    def __init__(self, bus, database=None):
        self._database = database or engine.Database(CONF.database_patience)
        self._host_manager = host_manager.HostManager()
        a_chooser = chooser.Chooser(
            extensions.load_filters(), extensions.load_weighers(), random.Random(CONF.scheduler.seed)
        )
        self._destinations = destinations.Destinations(self._database, self._host_manager, a_chooser)

    def init_host(self):
        migration.wait_for_schema(self._database)

    @messaging.expected_exceptions(exception.NoValidHost)
    def select_destinations(self, context, request_spec):
        """Sent by a conductor, which waits."""
        return self._destinations.select(context, request_spec)

    def update_host_states(self, context, host_states):
        """Sent by a compute to all schedulers; nobody waits."""
        self._host_manager.update_host_states(host_states)

    @engine.retry_on_deadlock
    def report_state(self):
        with self._database.writer() as conn:
            services.report(conn, CONF.host, self.service_name, rpcapi.TOPIC, "internal")

    def periodic_tasks(self):
        return ((_PRUNE_SECONDS, self._prune_decisions),)

    def stop(self):
        self._database.dispose()

    @engine.retry_on_deadlock
    def _prune_decisions(self):
        with self._database.writer() as conn:
            decisions.prune(conn, CONF.scheduler.decisions_kept)
