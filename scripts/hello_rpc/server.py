#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The smallest oslo.messaging RPC server; client.py beside it is its counterpart."""

import argparse
import logging
import os
import signal
import threading
import time
import warnings

from oslo_config import cfg

# Libraries below oslo.messaging import eventlet, which says so at length; these programs use threads.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import oslo_messaging as messaging  # noqa: E402

DEFAULT_URL = "rabbit://guest:guest@127.0.0.1:5673/"


class OutOfGreetings(Exception):
    """An error whose class the client does not know."""


class GreetingEndpoint:
    """Every public method can be called by name from a client that asks for version 1.0 or 1.1."""

    target = messaging.Target(version="1.1")

    def __init__(self, server):
        self.server = server

    def hello(self, context, name):
        self._say(f"hello({name!r}) from {context['user']}")
        return f"Hello {name}, this is {self.server}."

    def think(self, context, seconds):
        self._say(f"think({seconds}) begins")
        time.sleep(seconds)
        self._say(f"think({seconds}) ends")
        return "thought"

    @messaging.expected_exceptions(PermissionError)
    def open_door(self, context):
        """Refuses; the caller is meant to handle it, so this server logs no traceback."""
        self._say(f"open_door() refused to {context['user']}")
        raise PermissionError(f"{context['user']} may not open the door")

    def divide(self, context, dividend, divisor):
        self._say(f"divide({dividend}, {divisor})")
        return dividend / divisor

    def run_out(self, context):
        self._say("run_out()")
        raise OutOfGreetings("no greeting is left")

    def crash(self, context):
        """Ends this server as a kill -9 does, with all that it has in hand."""
        self._say("crash()")
        os._exit(1)

    def _say(self, text):
        print(f"[{self.server}] {text}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="server1", help="name of this server (default: server1)")
    parser.add_argument("--transport-url", default=DEFAULT_URL, help=f"the broker (default: {DEFAULT_URL})")
    args = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format=f"[{args.name}] %(levelname)s %(name)s: %(message)s")

    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())

    cfg.CONF([], project="hello_rpc")
    messaging.set_transport_defaults(control_exchange="hello_rpc")
    transport = messaging.get_rpc_transport(cfg.CONF, url=args.transport_url)
    target = messaging.Target(topic="greeting", server=args.name)
    server = messaging.get_rpc_server(transport, target, [GreetingEndpoint(args.name)])
    server.start()
    print(f"[{args.name}] ready, Ctrl-C stops", flush=True)
    stop.wait()
    server.stop()
    server.wait()
    transport.cleanup()


if __name__ == "__main__":
    main()
