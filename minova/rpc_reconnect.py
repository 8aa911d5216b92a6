# SPDX-License-Identifier: Apache-2.0
"""Connections to the broker that do not come back in one wave, and that leave no queue for answers behind.

oslo.messaging pauses the same seconds everywhere, so that after an outage a thousand hosts come at the same moments
(its option kombu_reconnect_splay changes what is logged, and not the pause). A listener of its besides begins its
back-off anew at each look, and so tries every second however long the outage is. This reaches into its driver, which is
not public API: tests/functional/test_reconnect.py fails when a new release changes it.
"""

import random
import time

from oslo_messaging._drivers import common, impl_rabbit

_FROM, _TO = 0.5, 1.5
# A listener pauses so much of the time that the broker has been away; who comes back is spread over about as long.
_SHARE_OF_OUTAGE = 0.5


class _Jittered:
    """An attribute in seconds that is another each time it is read: from half of what it was set to, to half more."""

    def __set_name__(self, _owner, name):
        self._name = name

    def __get__(self, connection, _owner=None):
        return connection.__dict__[self._name] * random.uniform(_FROM, _TO)

    def __set__(self, connection, seconds):
        connection.__dict__[self._name] = seconds


class _Delay(_Jittered):
    """The pause before a try to reconnect, with oslo.messaging's splay; a listener's grows while the broker is away."""

    def __get__(self, connection, _owner=None):
        seconds = super().__get__(connection)
        if connection.purpose == common.PURPOSE_LISTEN:
            grown_seconds = _SHARE_OF_OUTAGE * connection.outage_seconds() * random.uniform(_FROM, _TO)
            seconds = max(seconds, min(grown_seconds, connection.interval_max))
        return seconds + random.uniform(0, connection.kombu_reconnect_splay)


class JitteredConnection(impl_rabbit.Connection):
    """The driver's connection with pauses of its own."""

    interval_start = _Jittered()
    interval_stepping = _Jittered()
    interval_max = _Jittered()
    kombu_reconnect_delay = _Delay()
    # Of the monotonic clock; None while the broker is there.
    _away_since = None

    def outage_seconds(self):
        """How long the broker has been away; asked by the driver's pauses alone, so it begins at the first of them."""
        if self._away_since is None:
            self._away_since = time.monotonic()
        return time.monotonic() - self._away_since

    def _set_current_channel(self, new_channel):
        is_back = new_channel not in (None, self.channel)
        super()._set_current_channel(new_channel)
        if is_back:
            self._away_since = None

    def close(self):
        """The driver deletes a fanout's queue, but leaves one for answers to expire half an hour later."""
        if self.connection and not self.use_queue_manager:
            for consumer in self._consumers:
                if consumer.type == "direct":
                    consumer.queue.delete()
        super().close()


def install(transport):
    """Have a transport make its connections so; to be called before it has any."""
    pool = getattr(transport._driver, "_connection_pool", None)
    # The in-memory driver of tests has none.
    if pool is not None:
        pool.connection_cls = JitteredConnection
