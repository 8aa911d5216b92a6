# SPDX-License-Identifier: Apache-2.0
"""The bus as one process sees it: the only module that makes oslo.messaging transports, clients and servers."""

import logging
import time

import oslo_messaging as messaging
from oslo_messaging._drivers import amqpdriver, impl_rabbit

import minova.conf
from minova import context, exception, pauses, rpc_address, rpc_client, rpc_hosts, rpc_reconnect
from minova.objects import base as objects_base

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
CONTROL_EXCHANGE = "minova"
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 3
_SECONDS_BETWEEN_LOGS = 5
_LISTENER_LOOK_SECONDS = 0.25
_MISSING_CALLER_SECONDS = 10
_PREFETCH = 16
_LONGEST_RECONNECT_PAUSE_SECONDS = 10
EMBEDDED_BROKER_URL = "rabbit://guest:guest@127.0.0.1:5673/"


def set_defaults(conf):
    """Make minova's exchange and the embedded broker the defaults of oslo.messaging's own options."""
    messaging.set_transport_defaults(control_exchange=CONTROL_EXCHANGE)
    conf.register_opts(messaging.transport._transport_opts)
    conf.set_default("transport_url", EMBEDDED_BROKER_URL)
    group = "oslo_messaging_rabbit"
    conf.register_opts(impl_rabbit.rabbit_opts, group=group)
    # For so long a reply is kept for a caller whose queue is not there: one that reconnects makes it anew, one that
    # left does not, and a service that is to stop waits for it. oslo.messaging's default is a minute.
    conf.set_default("kombu_missing_consumer_retry_timeout", _MISSING_CALLER_SECONDS, group=group)
    # By oslo.messaging's default the broker sends all it has, and other servers of the topic get none of it.
    conf.set_default("rabbit_qos_prefetch_count", _PREFETCH, group=group)
    # Half a minute by oslo.messaging's default: so long a service would be away that has nothing to wait for any more.
    conf.set_default("rabbit_interval_max", _LONGEST_RECONNECT_PAUSE_SECONDS, group=group)


class RequestContextSerializer(messaging.Serializer):
    """Carries the request context beside what ``base`` serializes, stamped with who sends it."""

    def __init__(self, base, binary, host):
        self._base = base
        self._binary = binary
        self._host = host

    def serialize_entity(self, ctxt, entity):
        return self._base.serialize_entity(ctxt, entity)

    def deserialize_entity(self, ctxt, entity):
        return self._base.deserialize_entity(ctxt, entity)

    def serialize_context(self, ctxt):
        return {**ctxt.to_dict(), "sender": f"{self._binary}@{ctxt.acting_host or self._host}"}

    def deserialize_context(self, ctxt):
        return context.RequestContext.from_dict(ctxt)


def _calm_listeners():
    """Have the driver's listeners look for other work than messages every quarter of a second.

    Between two looks they sleep from 1 ms after a message up to 5 s when idle. The first is for the
    acknowledgements of notifications, and costs an RPC server half of its CPU; the second is how long a
    service would take to see that it is to stop. Not public API: tests/functional/test_services.py
    tells when it has moved.
    """
    amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MIN = _LISTENER_LOOK_SECONDS
    amqpdriver.ACK_REQUEUE_EVERY_SECONDS_MAX = _LISTENER_LOOK_SECONDS


class Bus:
    """One process's transport. Make it after every fork: a transport does not survive one.

    ``binary`` and ``host`` say who sends, in every message that leaves this process. ``retry`` is how often a
    message is tried again while the broker is away, and ``queue_patience`` for how many seconds while there is no queue
    for it.
    """

    def __init__(self, binary, host):
        self.retry = CONF.rpc.retry
        self.queue_patience = CONF.rpc.queue_patience
        self._binary = binary
        self._host = host
        set_defaults(CONF)
        self.transport = messaging.get_rpc_transport(CONF, allowed_remote_exmods=[exception.__name__])
        _calm_listeners()
        rpc_reconnect.install(self.transport)

    def wait_until_reachable(self):
        """Return once something listens where the broker has to be; it is looked for as long as it takes."""
        next_log = 0
        seconds = pauses.growing_pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while why := rpc_address.why_unreachable():
            if time.monotonic() >= next_log:
                LOG.warning("%s on %s waits for the message broker: %s", self._binary, self._host, why)
                next_log = time.monotonic() + _SECONDS_BETWEEN_LOGS
            time.sleep(next(seconds))

    def get_client(self, target, version_cap=None):
        """A client (rpc_client.Client) that sends nothing newer than ``version_cap`` (None: no cap)."""
        client = messaging.get_rpc_client(
            self.transport,
            target,
            version_cap=version_cap,
            serializer=self._in_context(objects_base.MinovaObjectSerializer()),
            retry=self.retry,
        )
        return rpc_client.Client(client, self.queue_patience)

    def get_server(self, target, endpoints, serializer, further_servers=()):
        """:param further_servers: names beside ``target.server`` under which the same endpoints answer."""
        return rpc_hosts.get_rpc_server(
            self.transport, target, endpoints, self._in_context(serializer), further_servers
        )

    def cleanup(self):
        self.transport.cleanup()

    def _in_context(self, serializer):
        return RequestContextSerializer(serializer, self._binary, self._host)
