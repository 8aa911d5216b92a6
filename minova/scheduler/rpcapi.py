# SPDX-License-Identifier: Apache-2.0
"""Client side of the ``scheduler`` topic; see manager.py."""

import oslo_messaging as messaging

import minova.conf

CONF = minova.conf.CONF
TOPIC = "scheduler"


class SchedulerAPI:
    """What the schedulers are asked and told.

    Version history:

    * 1.0 - select_destinations, update_host_states
    """

    VERSION = "1.0"

    def __init__(self, bus):
        target = messaging.Target(topic=TOPIC, version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.scheduler)

    def select_destinations(self, context, request_spec, timeout_seconds, silence_seconds):
        """Choose and claim hosts for all instances of a request; call.

        :returns: for each of ``request_spec.instance_uuids`` a list of objects.Selection: the claimed host,
            then its alternates. An instance that was deleted or taken over meanwhile has an empty list.
        :raises NoValidHost: when some instance finds no host; then nothing is claimed.
        :raises oslo_messaging.MessagingTimeout: when nobody answered in ``timeout_seconds``, or showed a sign of
            life for ``silence_seconds``. To ask again is safe: what an earlier call claimed for the same attempt
            is returned again.
        """
        cctxt = self._client.prepare(timeout=timeout_seconds, call_monitor_timeout=silence_seconds)
        return cctxt.call(context, "select_destinations", request_spec=request_spec)

    def update_host_states(self, context, host_states):
        """Tell all schedulers how hosts (objects.HostState) are now, before the records say so; fanout cast."""
        self._client.prepare(fanout=True).cast(context, "update_host_states", host_states=host_states)
