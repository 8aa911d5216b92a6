#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sends one message to the servers of server.py, and prints what the sender gets of it.

For example: send.py call hello name=world --server server1
"""

import argparse
import json
import logging

from client import DEFAULT_URL, show_outcome
from oslo_config import cfg

import oslo_messaging as messaging  # isort: skip - client.py has quietened what it imports


def main():
    args = parse()
    logging.basicConfig(level=logging.ERROR)
    cfg.CONF([], project="hello_rpc")
    messaging.set_transport_defaults(control_exchange="hello_rpc")
    transport = messaging.get_rpc_transport(cfg.CONF, url=args.transport_url)
    try:
        send(args, messaging.get_rpc_client(transport, target(args), **options(args)))
    finally:
        transport.cleanup()


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=["call", "cast", "fanout"])
    parser.add_argument(
        "method", help="of the servers' endpoint: hello, think, open_door, divide, run_out, crash"
    )
    parser.add_argument(
        "arguments", nargs="*", type=argument, metavar="NAME=VALUE", help="VALUE is JSON or a text"
    )
    parser.add_argument("--server", help="the one that is meant (default: any one of the topic)")
    parser.add_argument("--topic", default="greeting", help="(default: %(default)s)")
    parser.add_argument(
        "--version", default="1.0", help="of the endpoint that is asked for (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout", type=float, default=10, help="seconds that a call waits (default: %(default)s)"
    )
    parser.add_argument(
        "--at-least-once", action="store_true", help="hear it when no queue takes the message"
    )
    parser.add_argument("--transport-url", default=DEFAULT_URL, help="the broker (default: %(default)s)")
    return parser.parse_args()


def argument(text):
    """`seconds=1` as ("seconds", 1)."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def target(args):
    return messaging.Target(
        topic=args.topic, server=args.server, version=args.version, fanout=args.kind == "fanout"
    )


def options(args):
    return {
        "timeout": args.timeout,
        "transport_options": messaging.TransportOptions(at_least_once=args.at_least_once),
    }


def send(args, client):
    send_it = client.call if args.kind == "call" else client.cast
    show_outcome(send_it, args.method, **dict(args.arguments))


if __name__ == "__main__":
    main()
