# SPDX-License-Identifier: Apache-2.0
"""What every service answers beside its own work: namespace ``baseapi``, both sides."""

import importlib.metadata
import logging
import time

import oslo_messaging as messaging

import minova.conf
from minova import pauses

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_NAMESPACE = "baseapi"
_READY_TIMEOUT_SECONDS = 5
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3
_SECONDS_BETWEEN_LOGS = 5


class BaseAPI:
    """Client side of namespace ``baseapi`` on any service's topic.

    Version history:

    * 1.0 - ping
    * 1.1 - set_log_level
    """

    VERSION = "1.1"

    def __init__(self, bus, topic):
        self._bus = bus
        self._topic = topic
        target = messaging.Target(topic=topic, namespace=_NAMESPACE, version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.baseapi)

    def wait_until_ready(self, context):
        """Return once some service of the topic answers; it is asked again as often as it takes."""
        cctxt = self._client.prepare(timeout=_READY_TIMEOUT_SECONDS)
        next_log = time.monotonic() + _SECONDS_BETWEEN_LOGS
        seconds = pauses.growing_pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            self._bus.wait_until_reachable()
            try:
                return cctxt.call(context, "ping", arg="ready")
            except messaging.MessagingException:
                if time.monotonic() >= next_log:
                    LOG.warning("waiting for a service that answers on topic %s", self._topic)
                    next_log = time.monotonic() + _SECONDS_BETWEEN_LOGS
            time.sleep(next(seconds))

    def ping(self, context, arg, server=None, timeout_seconds=5):
        """Ask one service (of ``server``, or any of the topic) whether it answers; call.

        :returns: {"service", "host", "arg", "release"}; the last is the release of minova that it runs.
        :raises oslo_messaging.MessagingTimeout: when nobody answered in ``timeout_seconds``.
        :raises rpc_client.NobodyListens: when its queue did not come in that time.
        """
        cctxt = self._client.prepare(server=server, timeout=timeout_seconds)
        return cctxt.call(context, "ping", arg=arg)

    def set_log_level(self, context, level):
        """Tell all services of the topic to log from ``level`` (a name of logging's) on; fanout cast."""
        cctxt = self._client.prepare(fanout=True, version="1.1")
        cctxt.cast(context, "set_log_level", level=level)


class BaseRPCAPI:
    """Endpoint of namespace ``baseapi``; every service has one."""

    target = messaging.Target(namespace=_NAMESPACE, version=BaseAPI.VERSION)

    def __init__(self, service_name, host):
        self._service_name = service_name
        self._host = host
        # Once: what is installed may change while this runs.
        self._release = importlib.metadata.version("minova")

    def ping(self, context, arg):
        """Sent by minova-manage and minova doctor, which wait."""
        return {
            "service": self._service_name,
            "host": self._host,
            "arg": arg,
            "release": self._release,
        }

    def set_log_level(self, context, level):
        """Sent by minova-manage to all services of a binary; nobody waits."""
        if not isinstance(logging.getLevelName(level), int):
            LOG.warning("set_log_level: %r is no log level", level)
            return
        logging.getLogger().setLevel(level)
        LOG.log(logging.getLevelName(level), "log level is now %s", level)
