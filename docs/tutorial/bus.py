#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows what is on the broker, by RabbitMQ's management API; `minova up` serves that API too.

For example: bus.py queues compute
"""

import argparse
import base64
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

DEFAULT_URL = "http://127.0.0.1:15673/api"
WAIT_SECONDS = 100


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("names", nargs="*", help="only what begins so; the queues to delete or unbind")
    parser.add_argument("--wait", action="store_true", help="until a message lies in one of the queues")
    parser.add_argument("--url", default=DEFAULT_URL, help="the management API (default: %(default)s)")
    args = parser.parse_args()
    try:
        api, names = Api(args.url), tuple(args.names)
        if args.wait:
            wait_for_message(api, names)
        COMMANDS[args.command](api, names)
    except OSError as err:
        sys.exit(f"{args.url}: {err}")


class Api:
    """Virtual host / of the broker, as user guest."""

    def __init__(self, url):
        self._url = url
        self._login = base64.b64encode(b"guest:guest").decode()

    def send(self, path, method="GET"):
        request = urllib.request.Request(f"{self._url}/{path}", method=method)
        request.add_header("Authorization", f"Basic {self._login}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")


def wait_for_message(api, names):
    """The broker counts what nobody has acknowledged, so a message that a dead or paused consumer has got, too."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds_message(api, names):
        if time.monotonic() > deadline:
            sys.exit(f"no message lies there after {WAIT_SECONDS} s")
        time.sleep(0.1)


def holds_message(api, names):
    try:
        return any(queue["messages"] for queue in api.send("queues") if wanted(queue["name"], names))
    except urllib.error.URLError:
        # The broker is on its way, too.
        return False


def queues(api, names):
    """Each queue, how many messages wait in it, and which programs consume it."""
    programs = {connection["name"]: program(connection) for connection in api.send("connections")}
    consumers = {}
    for consumer in api.send("consumers"):
        of = programs.get(consumer["channel_details"]["connection_name"], "?")
        consumers.setdefault(consumer["queue"]["name"], []).append(of)
    rows = [
        (queue["name"], queue["messages"], ", ".join(sorted(consumers.get(queue["name"], []))) or "nobody")
        for queue in api.send("queues")
        if wanted(queue["name"], names)
    ]
    show(("queue", "waiting", "consumed by"), rows)


def exchanges(api, names):
    """Each exchange that a client has declared."""
    rows = [
        (exchange["name"], exchange["type"])
        for exchange in api.send("exchanges")
        if wanted(exchange["name"], names) and not re.match(r"amq\.|$", exchange["name"])
    ]
    show(("exchange", "type"), rows)


def bindings(api, names):
    """Which queue gets what from which exchange."""
    rows = [
        (binding["source"] or "(default)", binding["routing_key"] or '""', binding["destination"])
        for binding in api.send("bindings")
        if wanted(binding["destination"], names)
    ]
    show(("exchange", "routing key", "queue"), rows)


def delete(api, names):
    """Delete queues, with what waits in them."""
    for name in names:
        api.send(f"queues/%2F/{urllib.parse.quote(name, safe='')}", "DELETE")
        print(f"queue {name} is deleted")


def unbind(api, names):
    """Take the binding of queues to the exchange of minova's services away, so that nothing comes there any more."""
    for name in names:
        queue = urllib.parse.quote(name, safe="")
        api.send(f"bindings/%2F/e/minova/q/{queue}/{queue}", "DELETE")
        print(f"queue {name} gets nothing any more from exchange minova")


def program(connection):
    """`minova-api` of what oslo.messaging calls minova-api:PID:UUID."""
    return connection["client_properties"].get("connection_name", "?").partition(":")[0]


def wanted(name, names):
    # amq.gen-... is the queue of whoever watches the firehose, such as the page.
    return not name.startswith("amq.gen") and name.startswith(names or "")


def show(header, rows):
    table = [header, *(tuple(map(str, row)) for row in sorted(rows))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


COMMANDS = {
    "queues": queues,
    "exchanges": exchanges,
    "bindings": bindings,
    "delete": delete,
    "unbind": unbind,
}

if __name__ == "__main__":
    main()
