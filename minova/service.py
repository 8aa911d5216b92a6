# SPDX-License-Identifier: Apache-2.0
"""How every service of minova is made: a manager behind an RPC server, a heartbeat, periodic tasks.

The counterpart of Nova's ``nova/service.py``; ``Service.start`` is the part to compare.
"""

import logging
import random
import threading
import time

import oslo_messaging as messaging

import minova.conf
from minova import baserpc, pauses, rpc
from minova.objects import base as objects_base

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
# An idle listener looks up four times a second; see rpc.py.
_LISTENER_STOP_SECONDS = 3
_GOODBYE_SECONDS = 3
_CLOSE_SECONDS = 5
_HAND_BACK_SECONDS = 2
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8
# Part of its interval by which a service's first report may be late.
_FIRST_DELAY = 0.05


class Service:
    """One running service.

    :param binary: its console script, such as ``minova-conductor``.
    :param topic: the topic that its RPC server listens on.
    :param make_manager: called with the bus in the process that serves, after any fork.
    :param hosts: the server names it answers to; without any, [DEFAULT] host.
    """

    def __init__(self, binary, topic, make_manager, hosts=()):
        self.binary = binary
        self.topic = topic
        self.host, *self._further_hosts = hosts or [CONF.host]
        self._make_manager = make_manager
        self._stopping = threading.Event()

    def start(self):
        self.bus = self._make_bus()
        self.manager = self._make_manager(self.bus)
        self._until_it_works(self.manager.init_host)
        self.bus.wait_until_reachable()
        self._until_it_works(self.manager.pre_start_hook)

        target = messaging.Target(topic=self.topic, server=self.host)
        endpoints = [self.manager, baserpc.BaseRPCAPI(self.binary, self.host)]
        endpoints.extend(self.manager.additional_endpoints)
        serializer = objects_base.MinovaObjectSerializer()
        self.rpcserver = self.bus.get_server(target, endpoints, serializer, self._further_hosts)
        self.rpcserver.start()

        self._every(CONF.report_interval, self.manager.report_state)
        for interval_seconds, task in self.manager.periodic_tasks():
            self._every(interval_seconds, task)
        LOG.info("%s serves topic %s as %s", self.binary, self.topic, self.host)

    def stop(self):
        """Say goodbye, take no new message, finish those in hand, close.

        Reports go on until all is finished: they keep the tasks in hand. What is not finished in time is taken up by
        another, or when the service comes back. With the broker away, the driver's threads look for it and do not
        listen: they are left behind.
        """
        _done_within(_GOODBYE_SECONDS, self.manager.say_goodbye)
        if not _done_within(_LISTENER_STOP_SECONDS, self.rpcserver.stop):
            LOG.warning("%s on %s: the broker is away; what is in hand is left", self.binary, self.host)
            return
        self.rpcserver.wait()
        self._stopping.set()
        _done_within(_CLOSE_SECONDS, self._close)
        LOG.info("%s on %s stopped", self.binary, self.host)

    def give_up(self):
        """Where a stop takes too long: others shall take up at once what is in hand. The process ends after this."""
        # A report would keep those tasks.
        self._stopping.set()
        _done_within(_HAND_BACK_SECONDS, self._hand_back)

    def _until_it_works(self, hook):
        """Another service that it asks may be away just now, or without its database."""
        seconds = pauses.growing_pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            try:
                hook()
                return
            except messaging.MessagingException as error:
                LOG.warning("%s on %s cannot start yet: %s", self.binary, self.host, error)
            time.sleep(next(seconds))

    def _make_bus(self):
        return rpc.Bus(self.binary, self.host)

    def _hand_back(self):
        try:
            self.manager.hand_back()
        except Exception:  # noqa: BLE001 - the edge of the process: the tasks' deadlines will tell
            LOG.exception("%s on %s cannot hand back what it has in hand", self.binary, self.host)

    def _close(self):
        self.manager.stop()
        self.bus.cleanup()

    def _every(self, interval_seconds, task):
        arguments = (interval_seconds, task)
        threading.Thread(target=self._run_periodically, args=arguments, daemon=True).start()

    def _run_periodically(self, interval_seconds, task):
        # Spread the services' reports, which would else come in one wave after a common start.
        delay_seconds = interval_seconds * random.uniform(0, _FIRST_DELAY)
        while not self._stopping.wait(delay_seconds):
            try:
                task()
                LOG.debug("%s on %s: %s done", self.binary, self.host, task.__qualname__)
            except Exception:  # noqa: BLE001 - the edge of the process: a task that failed is run again
                LOG.exception("%s on %s: %s failed", self.binary, self.host, task.__qualname__)
            delay_seconds = interval_seconds * random.uniform(0.9, 1.0)


def _done_within(seconds, function):
    """:returns: whether the function came to its end; if not, it goes on in a thread that ends with the process."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
