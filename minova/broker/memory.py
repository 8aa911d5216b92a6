# SPDX-License-Identifier: Apache-2.0
"""What clients' messages, queues and channels take of memory, and the alarm when that is too much.

Counted are octets that clients cause, not the size of the process, which does not shrink when they go.
"""

import asyncio
import logging
import os
import pathlib

LOG = logging.getLogger(__name__)

RESERVED_FROM_OCTETS = 4096  # contents from this size on are counted before they have come

# What each takes besides its own octets, measured as growth of a process under CPython 3.11.
MESSAGE_OCTETS = 200
ENTRY_OCTETS = 110
QUEUE_OCTETS = 1000
_EXCHANGE_OCTETS = 900
_CHANNEL_OCTETS = 900

_DEFAULT_SHARE = 0.4  # of the machine's memory, as RabbitMQ
_QUEUES_SHARE = 0.5  # of the limit: queues stay when consumers have emptied them
_LOW_SHARE = 0.95  # of the limit: below it the alarm ends, so that it does not come and go with each message
_CHECK_SECONDS = 1
_CHECK_SECONDS_IN_ALARM = 0.05
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Memory:
    """The account of one broker; `limit_octets` is the high watermark."""

    def __init__(self, limit_octets):
        self.limit_octets = limit_octets
        self.is_high = False
        self.queue_count = 0
        self.message_octets = 0  # of messages and of contents that are still coming
        self._other_octets = 0  # of all else, when it was last looked at
        self._server = None
        self._timer = None

    @property
    def used_octets(self):
        return self.message_octets + self._other_octets

    @property
    def most_queues(self):
        return int(self.limit_octets * _QUEUES_SHARE / QUEUE_OCTETS)

    def add(self, octets):
        self.message_octets += octets
        if self.used_octets > self.limit_octets and not self.is_high:
            self._raise_alarm()

    def remove(self, octets):
        self.message_octets -= octets  # the rest is left to the next check: this may be called from anywhere

    def watch(self, server):
        """Look now and then at what does not report itself, and at whether the alarm has ended."""
        self._server = server
        self._check()

    def stop(self):
        if self._timer is not None:
            self._timer.cancel()

    def _check(self):
        self._other_octets = self._measure()
        if self.used_octets > self.limit_octets:
            if not self.is_high:
                self._raise_alarm()
        elif self.is_high and self.used_octets <= self.limit_octets * _LOW_SHARE:
            self._end_alarm()
        pause = _CHECK_SECONDS_IN_ALARM if self.is_high else _CHECK_SECONDS
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(pause, self._check)

    def _measure(self):
        exchanges = sum(len(vhost.exchanges) for vhost in self._server.vhosts.values())
        connections = sum(
            connection.unsent_octets() + _CHANNEL_OCTETS * connection.channel_count
            for connection in self._server.connections
        )
        return self.queue_count * QUEUE_OCTETS + exchanges * _EXCHANGE_OCTETS + connections

    def _raise_alarm(self):
        self.is_high = True
        LOG.warning(
            "memory high watermark reached: %d MB used, limit %d MB; publishers are blocked",
            self.used_octets >> 20,
            self.limit_octets >> 20,
        )
        if self._timer is not None:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(_CHECK_SECONDS_IN_ALARM, self._check)

    def _end_alarm(self):
        self.is_high = False
        LOG.warning("memory below the high watermark: %d MB used", self.used_octets >> 20)
        for connection in list(self._server.connections):
            if not self.is_high:  # what those before it had kept back may have filled the memory again
                connection.unblock()


def default_limit():
    """Return the high watermark in octets where no option names one: a share of the machine's or container's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(min([machine, *_container_limits()]) * _DEFAULT_SHARE)


def _container_limits():
    for path in _CGROUP_LIMITS:
        try:
            text = pathlib.Path(path).read_text().strip()
        except OSError:
            continue
        if text.isdigit():  # "max" stands for none
            yield int(text)
