# SPDX-License-Identifier: Apache-2.0
"""The bus of a process whose threads must not wait for a broker that is away: minova-api.

oslo.messaging tries again by itself, for tens of seconds and in places for ever. Here a message that is not taken in
time means that the bus is away; then nothing is sent until a probe came through.
"""

import concurrent.futures
import functools
import logging
import random
import threading

import oslo_messaging as messaging

import minova.conf
from minova import baserpc, context, exception, rpc, rpc_client

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
# One reconnection: a connection of the pool may be of before a restart of the broker.
_RETRY = 1
_PROBE_PAUSE_SECONDS = 0.5
_PROBE_TIMEOUT_SECONDS = 3


class ImpatientBus(rpc.Bus):
    """A bus that knows whether it is away.

    :param topic: where the process itself listens, on ``host``: the probe is a call to itself.
    """

    def __init__(self, binary, host, topic):
        super().__init__(binary, host)
        self.retry = _RETRY
        # It waits outside of the client, where it is known how many threads do.
        self.queue_patience = 0
        # Past the client that refuses to send.
        self._probe_api = baserpc.BaseAPI(super(), topic)
        self._away = threading.Event()
        # Some of its threads may hang in a send when the bus has just gone away.
        self._senders = concurrent.futures.ThreadPoolExecutor(2 * CONF.api.threads, "sender")
        # The others of its threads answer what needs no message.
        self._may_wait = threading.BoundedSemaphore(max(1, CONF.api.threads // 2))

    def get_client(self, target, version_cap=None):
        return _ImpatientClient(super().get_client(target, version_cap), self)

    def raise_if_away(self):
        """:raises ServiceUnavailable: when the bus is known to be away."""
        if self._away.is_set():
            raise exception.ServiceUnavailable(reason="The message bus does not answer; try again.")

    def send(self, function, seconds):
        """What ``function``, which sends something, returns.

        :raises oslo_messaging.MessageDeliveryFailure: when the bus is away, or the function did not come to its
            end within ``seconds``; it may still send the message then.
        :raises rpc_client.NobodyListens: when there is no queue for the message, and either none came within [api]
            bus_timeout or half of the threads wait for one already.
        """
        try:
            return self._send(function, seconds)
        except rpc_client.NobodyListens:
            if not self._may_wait.acquire(blocking=False):
                raise
        try:
            return rpc_client.until_somebody_listens(
                lambda: self._send(function, seconds), CONF.api.bus_timeout
            )
        finally:
            self._may_wait.release()

    def prepare_for_answers(self):
        """Have the queue for answers, which would else be waited for without end."""
        self.send(self.transport._driver._get_reply_q, CONF.api.bus_timeout)

    def _send(self, function, seconds):
        if self._away.is_set():
            raise messaging.MessageDeliveryFailure("the bus is away")
        future = self._senders.submit(function)
        try:
            return future.result(seconds)
        except TimeoutError as err:
            self._lose(f"it took nothing in {seconds} s")
            raise messaging.MessageDeliveryFailure(f"not sent in {seconds} s") from err
        except rpc_client.NobodyListens:
            # The bus is there.
            raise
        except messaging.MessageDeliveryFailure as err:
            self._lose(err)
            raise

    def _lose(self, why):
        if self._away.is_set():
            return
        self._away.set()
        LOG.warning("the message bus is away: %s; requests that need it are refused until it is back", why)
        threading.Thread(target=self._probe_until_back, daemon=True).start()

    def _probe_until_back(self):
        while self._away.is_set():
            threading.Event().wait(_PROBE_PAUSE_SECONDS * random.uniform(0.5, 1.5))
            try:
                self._probe_api.ping(
                    context.get_admin_context(), "probe", self._host, timeout_seconds=_PROBE_TIMEOUT_SECONDS
                )
            except messaging.MessagingException as err:
                LOG.debug("the message bus is still away: %s", err)
            else:
                self._away.clear()
        LOG.warning("the message bus is back")


class _ImpatientClient:
    """An rpc_client.Client whose casts and calls come to an end."""

    def __init__(self, client, bus):
        self._client = client
        self._bus = bus

    def prepare(self, **arguments):
        return _ImpatientClient(self._client.prepare(**arguments), self._bus)

    def can_send_version(self, version):
        return self._client.can_send_version(version)

    def cast(self, context, method, **arguments):
        cast = functools.partial(self._client.cast, context, method, **arguments)
        self._bus.send(cast, CONF.api.bus_timeout)

    def call(self, context, method, **arguments):
        self._bus.prepare_for_answers()
        call = functools.partial(self._client.call, context, method, **arguments)
        return self._bus.send(call, CONF.api.bus_timeout + self._client.timeout_seconds)
