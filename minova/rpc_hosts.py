# SPDX-License-Identifier: Apache-2.0
"""An RPC server that answers under many server names at the price of one, takes no more than it can work on, and
loses no message when it stops.

A stock RPCServer per simulated host would cost a connection and two threads each. This one adds a queue
and a consumer per name to the connection of a stock server. A stock RPCServer also takes whatever comes into its
memory, where nobody sees it and a crash loses it; this one leaves in the queue what no thread is free for. And one
that stops goes on to receive: what comes between its last look and the end of its connection is acknowledged and
never handled. All of it reaches into oslo.messaging's server and listener, which is not public API:
tests/functional/test_rpc_hosts.py fails when a new release changes them.
"""

import logging
import threading

import amqp.exceptions
import kombu.exceptions
from oslo_messaging.rpc import dispatcher, server

LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_BROKER_AWAY = (kombu.exceptions.OperationalError, amqp.exceptions.AMQPError, OSError)


def get_rpc_server(transport, target, endpoints, serializer, further_servers=()):
    """The counterpart of ``oslo_messaging.get_rpc_server`` with ``further_servers`` beside the target's."""
    policy = dispatcher.DefaultRPCAccessPolicy
    rpc_dispatcher = dispatcher.RPCDispatcher(endpoints, serializer, policy)
    return _Server(transport, target, rpc_dispatcher, further_servers)


class _Server(server.RPCServer):
    def __init__(self, transport, target, rpc_dispatcher, further_servers):
        super().__init__(transport, target, rpc_dispatcher)
        self._further_servers = further_servers
        self._free_threads = threading.Semaphore(transport.conf.executor_thread_pool_size)
        self._stopping = threading.Event()

    def _on_incoming(self, incoming):
        # The listener's thread waits here. A stop must not wait for it: what it has taken already is worked on.
        while not self._free_threads.acquire(timeout=_LOOK_SECONDS) and not self._stopping.is_set():
            pass
        work = self._work_executor.submit(self._process_incoming, incoming)
        work.add_done_callback(lambda _: self._free_threads.release())

    def _create_listener(self):
        adapter = super()._create_listener()
        listener = adapter._poll_style_listener
        exchange = listener.driver._get_exchange(self._target)
        for name in self._further_servers:
            listener.conn.declare_topic_consumer(
                exchange_name=exchange, topic=f"{self._target.topic}.{name}", callback=listener
            )
        # The in-memory driver of tests has no connection.
        return _HandingBack(adapter, listener.conn, self._stopping) if hasattr(listener, "conn") else adapter


class _HandingBack:
    """A listener that gives back, once it is stopped, what the broker has sent it since its last look.

    :param stopping: an event, set when it is told to stop.
    """

    def __init__(self, adapter, connection, stopping):
        self._adapter = adapter
        self._connection = connection
        self._stopping = stopping

    def start(self, on_incoming):
        self._adapter.start(on_incoming)

    def stop(self):
        self._stopping.set()
        self._adapter.stop()
        # Its thread has ended, so the connection is ours.
        try:
            for consumer, tag in self._connection._consumers.items():
                consumer.callback = _hand_back
                consumer.cancel(tag)
        except _BROKER_AWAY as error:
            LOG.debug("nothing to be handed back: %s", error)

    def cleanup(self):
        self._adapter.cleanup()


def _hand_back(message):
    """For another server of the topic, or for this one when it comes back."""
    message.requeue()
