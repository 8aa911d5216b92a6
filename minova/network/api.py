# SPDX-License-Identifier: Apache-2.0
"""What other services may ask of the network service, with errors they can handle; the bus is rpcapi.py's."""

import logging
import time

import oslo_messaging as messaging

import minova.conf
from minova import exception
from minova.network import rpcapi

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 1


class API:
    """Used by minova-compute."""

    def __init__(self, bus, clock=time.monotonic, sleep=time.sleep):
        self._network_rpcapi = rpcapi.NetworkAPI(bus)
        self._clock = clock
        self._sleep = sleep

    def allocate_for_instance(self, context, instance_uuid, attempt, project_id, requested_networks):
        """Give an instance an address in each of ``requested_networks`` (ids); waits.

        :returns: network_info, a list of {network_id, label, port_id, address, version, mac_address}.
        :raises NetworkNotFound:
        :raises NoMoreAddresses:
        :raises ServiceUnavailable: when no network service did it within [network] query_deadline. One that dies
            takes the request with it, so it is asked again until then, which is safe.
        """
        if not requested_networks:
            return []
        start = self._clock()
        while True:
            try:
                return self._network_rpcapi.allocate_for_instance(
                    context, instance_uuid, attempt, project_id, requested_networks
                )
            except messaging.MessagingException as error:
                self._log_or_give_up(instance_uuid, self._clock() - start, error)
                if not isinstance(error, messaging.MessagingTimeout):
                    # Unlike silence, a failure is told without waiting.
                    self._sleep(_PAUSE_SECONDS)

    def deallocate_for_instance(self, context, instance_uuid, attempt=None):
        """Free the addresses of an instance, but not those that a later attempt holds; does not wait."""
        self._network_rpcapi.deallocate_for_instance(context, instance_uuid, attempt)

    def _log_or_give_up(self, instance_uuid, waited_seconds, error):
        what = (
            "is silent" if isinstance(error, messaging.MessagingTimeout) else "could not allocate addresses"
        )
        if waited_seconds < CONF.network.query_deadline:
            LOG.warning("[instance: %s] the network service %s, asking again: %s", instance_uuid, what, error)
            return
        reason = f"The network service {what} for {waited_seconds:.0f} s."
        raise exception.ServiceUnavailable(reason=reason) from error


def validate_networks(requested, networks):
    """The ids of the networks that a user asks for, None for no network.

    Used by compute/api.py, with what the records say: to ask the network service would cost each request
    to create servers two messages more.

    :param requested: None or "none", "auto" (the oldest network), or a list of network ids.
    :param networks: rows of db.networks.find.
    :raises Invalid: when one is unknown or named twice.
    """
    if requested in (None, "none"):
        return None
    known = [network.id for network in networks]
    if requested == "auto":
        return known[:1] or None
    _check(requested, known)
    return list(requested) or None


def _check(requested, known):
    for network_id in requested:
        if network_id not in known:
            # Nova answers 400, not 404: it is the body that names a thing that does not exist.
            raise exception.Invalid(exception.NetworkNotFound(network_id=network_id).message)
    if len(set(requested)) < len(requested):
        raise exception.Invalid(reason="A network is requested twice for one server.")
