#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The smallest oslo.messaging RPC client: what a caller sees when all goes well, and when it does not.

Counterpart of server.py, two of which must run: `server.py server1` and `server.py server2`.
"""

import argparse
import time
import warnings

from oslo_config import cfg

# Libraries below oslo.messaging import eventlet, which says so at length; these programs use threads.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

import oslo_messaging as messaging  # noqa: E402

DEFAULT_URL = "rabbit://guest:guest@127.0.0.1:5673/"
CONTEXT = {"user": "alice"}  # travels with every message, beside the method's arguments


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transport-url", default=DEFAULT_URL, help=f"the broker (default: {DEFAULT_URL})")
    args = parser.parse_args()

    cfg.CONF([], project="hello_rpc")
    messaging.set_transport_defaults(control_exchange="hello_rpc")
    transport = messaging.get_rpc_transport(cfg.CONF, url=args.transport_url)
    try:
        show_answers(transport)
        show_errors(transport)
        show_what_nobody_is_told(transport)
    finally:
        transport.cleanup()


def show_answers(transport):
    client = make_client(transport)
    server1 = client.prepare(server="server1")
    attempt("call to server1: wait for the answer", server1.call, "hello", name="world")
    attempt("call to the topic: any one server answers", client.call, "hello", name="anyone")
    attempt("cast: go on at once, server1 still works", server1.cast, "think", seconds=1)
    attempt("fanout: every server gets it", client.prepare(fanout=True).cast, "hello", name="everyone")


def show_errors(transport):
    client = make_client(transport)
    server1 = client.prepare(server="server1")
    attempt("an error that the server expects", server1.call, "open_door")
    attempt("an error that the server does not expect", server1.call, "divide", dividend=1, divisor=0)
    attempt("an error whose class the client does not know", server1.call, "run_out")
    attempt("no such method", server1.call, "goodbye")
    attempt("wrong arguments", server1.call, "hello", nickname="world")
    newer = server1.prepare(version="2.0")
    attempt("a version that the server does not have", newer.call, "hello", name="world")
    pinned = make_client(transport, version_cap="1.0").prepare(version="1.1")
    attempt("a version that the client is pinned below: nothing is sent", pinned.call, "hello", name="world")
    attempt("a server slower than the timeout", server1.prepare(timeout=0.5).call, "think", seconds=1)


def show_what_nobody_is_told(transport):
    server1 = make_client(transport).prepare(server="server1")
    attempt("a cast that server1 refuses", server1.cast, "open_door")
    attempt("a cast in which server1 fails", server1.cast, "divide", dividend=1, divisor=0)
    nobody = make_client(transport, timeout=0.5).prepare(server="nobody")
    attempt("a cast to a server that does not exist", nobody.cast, "hello", name="nobody")
    attempt("a call to a server that does not exist", nobody.call, "hello", name="nobody")
    at_least_once = messaging.TransportOptions(at_least_once=True)
    nobody = make_client(transport, transport_options=at_least_once).prepare(server="nobody")
    attempt("the same cast, sent at least once", nobody.cast, "hello", name="nobody")
    answer = attempt("and the client goes on", server1.call, "hello", name="again")
    assert answer == "Hello again, this is server1."


def make_client(transport, **options):
    """The server's first and only topic; a client that asks for 1.0 is served by 1.1 too."""
    return messaging.get_rpc_client(transport, messaging.Target(topic="greeting", version="1.0"), **options)


def attempt(title, send, method, **arguments):
    """Call or cast, and print what the client sees of it."""
    print(f"\n{title}")
    return show_outcome(send, method, **arguments)


def show_outcome(send, method, **arguments):
    started = time.monotonic()
    answer = None
    try:
        answer = send(CONTEXT, method, **arguments)
        outcome = repr(answer)
    except Exception as error:  # noqa: BLE001 - all errors are what this program is there to show
        outcome = describe(error)
    print(f"  after {(time.monotonic() - started) * 1000:4.0f} ms: {outcome}", flush=True)
    return answer


def describe(error):
    if isinstance(error, messaging.MessageUndeliverable):
        return f"MessageUndeliverable: {error.exception}"  # its own text is empty
    # The text of a remote error ends with the server's traceback; the first line is the message.
    return f"{type(error).__name__}: {str(error).splitlines()[0]}"


if __name__ == "__main__":
    main()
