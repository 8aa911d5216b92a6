# SPDX-License-Identifier: Apache-2.0
"""Some listeners of hosts in one process, of stock oslo.messaging or as minova has them; see reconnect.py.

Each is what a compute has: a connection of its own with three queues, and a thread that reads from it. The process ends
when its standard input does.
"""

import json
import logging
import os
import sys
import time

import amqp.transport
import oslo_messaging as messaging
from oslo_config import cfg

from minova import rpc

_BACK_SECONDS = 180
_LOOK_SECONDS = 0.05


class Arrivals:
    """The moments (of the system's monotonic clock) at which this process began a connection that came about."""

    def __init__(self):
        self._moments = []
        self._connect = amqp.transport._AbstractTransport.connect
        arrivals = self

        def connect(transport):
            began = time.monotonic()
            arrivals._connect(transport)
            arrivals._moments.append(began)

        amqp.transport._AbstractTransport.connect = connect

    def forget(self):
        self._moments.clear()

    def wait_for(self, count):
        """The moments, once there are ``count``, or after a deadline."""
        deadline = time.monotonic() + _BACK_SECONDS
        while len(self._moments) < count and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return sorted(self._moments)


def main():
    """Print `ready`, then for each `forget` that is read the same, and for each `arrivals` the moments as JSON."""
    setting = json.loads(sys.argv[1])
    # Every try that fails is logged, to a pipe that nobody reads.
    logging.disable()
    arrivals = Arrivals()
    transport = _minova_transport(setting) if setting["minova"] else _stock_transport(setting)
    for number in range(setting["count"]):
        _listen(transport, setting["topic"], f"{setting['host']}-{number}")
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "forget":
            arrivals.forget()
            print("forgotten", flush=True)
        else:
            print(json.dumps(arrivals.wait_for(setting["count"])), flush=True)
    # Its threads look for the broker as long as there is none.
    os._exit(0)


def _stock_transport(setting):
    return messaging.get_rpc_transport(cfg.CONF, url=setting["transport_url"])


def _minova_transport(setting):
    rpc.set_defaults(rpc.CONF)
    rpc.CONF([], project="minova", default_config_files=[])
    rpc.CONF.set_override("transport_url", setting["transport_url"])
    return rpc.Bus("minova-bench", setting["host"]).transport


def _listen(transport, topic, host):
    target = messaging.Target(topic=topic, server=host, exchange=topic)
    listener = transport._listen(target, 1, None)
    listener.start(lambda _incoming: None)


if __name__ == "__main__":
    main()
