# SPDX-License-Identifier: Apache-2.0
"""Client side of the ``network`` topic; see manager.py."""

import oslo_messaging as messaging

import minova.conf
from minova import rpc_client

CONF = minova.conf.CONF
TOPIC = "network"


class NetworkAPI:
    """What the computes ask of the network service.

    Version history:

    * 1.0 - allocate_for_instance, deallocate_for_instance
    """

    VERSION = "1.0"

    def __init__(self, bus):
        target = messaging.Target(topic=TOPIC, version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.network)

    def allocate_for_instance(self, context, instance_uuid, attempt, project_id, requested_networks):
        """Give an instance an address in each of ``requested_networks`` (ids); call.

        To ask again is safe: an instance gets the addresses that it has.

        :returns: a list in the order of the request of {network_id, label, port_id, address, version,
            mac_address}.
        :raises NetworkNotFound:
        :raises NoMoreAddresses:
        :raises oslo_messaging.MessagingTimeout: when there was no sign of life for [network] rpc_timeout seconds.
        """
        cctxt = self._client.prepare(
            timeout=CONF.rpc.long_timeout, call_monitor_timeout=CONF.network.rpc_timeout
        )
        return cctxt.call(
            context,
            "allocate_for_instance",
            instance_uuid=instance_uuid,
            attempt=attempt,
            project_id=project_id,
            requested_networks=requested_networks,
        )

    def deallocate_for_instance(self, context, instance_uuid, attempt=None):
        """Free the addresses of an instance; cast.

        Nobody has to wait, and a message that is lost does no harm: the network service frees what the
        deleted instances left.

        :param attempt: leave what a later attempt holds already; None frees all.
        """
        cctxt = self._client.prepare(transport_options=rpc_client.MAY_BE_LOST)
        cctxt.cast(context, "deallocate_for_instance", instance_uuid=instance_uuid, attempt=attempt)
