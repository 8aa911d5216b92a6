# SPDX-License-Identifier: Apache-2.0
"""An RPC server that answers under many server names at the price of one.

A stock RPCServer per simulated host would cost a connection and two threads each. This one adds a queue
and a consumer per name to the connection of a stock server. It reaches into oslo.messaging's listener,
which is not public API: tests/functional/test_rpc_hosts.py fails when a new release changes it.
"""

from oslo_messaging.rpc import dispatcher, server


def get_rpc_server(transport, target, endpoints, serializer, further_servers=()):
    """The counterpart of ``oslo_messaging.get_rpc_server`` with ``further_servers`` beside the target's."""
    policy = dispatcher.DefaultRPCAccessPolicy
    rpc_dispatcher = dispatcher.RPCDispatcher(endpoints, serializer, policy)
    if not further_servers:
        return server.RPCServer(transport, target, rpc_dispatcher)
    return _ManyServers(transport, target, rpc_dispatcher, further_servers)


class _ManyServers(server.RPCServer):
    def __init__(self, transport, target, rpc_dispatcher, further_servers):
        super().__init__(transport, target, rpc_dispatcher)
        self._further_servers = further_servers

    def _create_listener(self):
        adapter = super()._create_listener()
        listener = adapter._poll_style_listener
        exchange = listener.driver._get_exchange(self._target)
        for name in self._further_servers:
            listener.conn.declare_topic_consumer(
                exchange_name=exchange, topic=f"{self._target.topic}.{name}", callback=listener
            )
        return adapter
