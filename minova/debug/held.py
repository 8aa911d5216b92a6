# SPDX-License-Identifier: Apache-2.0
"""How a held message is shown to people."""

from minova.trace import line

WAIT_HELP = "wait so long for a message to be held, if none is (default: 0)"


def text(message):
    """Some lines on one held message of the API."""
    head = f"message {message['id']} waits for {message['age_seconds']:.1f} s in queue {message['queue']}"
    lines = [f"{head} (hold {message['hold']})", *(f"  {detail}" for detail in _details(message))]
    return "\n".join(map(line.printable, lines))


def title(message):
    """`cast build_and_run_instance to compute.host1`."""
    method = ".".join(part for part in (message["namespace"], message["method"]) if part)
    target = message["routing_key"] or "all"
    return line.printable(f"{message['kind']} {method or message['unique_id'] or '?'} to {target}")


def _details(message):
    yield f"{title(message)}, {line.size(message['size_bytes'])}"
    if message["sender"]:
        yield f"from {message['sender']}"
    if message["servers"]:
        names = f" ({', '.join(message['server_names'])})" if message["server_names"] else ""
        yield f"about {', '.join(message['servers'])}{names}"
    if message["request_id"]:
        yield f"of request {message['request_id']}"
