# SPDX-License-Identifier: Apache-2.0
"""How one message is shown: as a line of 80 columns for people, as a line of JSON for programs."""

import json

from minova.trace.lanes import short
from minova.trace.message import FANOUT, REPLY

# time, kind, route, method, size: 8 + 1 + 6 + 1 + 26 + 1 + 28 + 1 + 8 columns
LINE = "{:8.3f} {:6} {:26} {:28} {:>8}"


def human(message, begin):
    """One line; `begin` is the time from which seconds count."""
    return LINE.format(
        message.time - begin, message.kind, route(message), what(message), size(message.size_bytes)
    )


def as_json(message):
    """One line with all that is known of it; see Message.to_dict."""
    return json.dumps(message.to_dict())


def route(message):
    """`api -> conductor`: who sent it to whom."""
    if message.kind == REPLY:
        return f"{short(message.sender)} -> {short(message.recipient)}"
    target = message.exchange.removesuffix("_fanout") if message.kind == FANOUT else message.routing_key
    return f"{short(message.sender)} -> {'all ' if message.kind == FANOUT else ''}{target}"


def size(number_bytes):
    """`812 B` or `3.1 KB`."""
    return f"{number_bytes} B" if number_bytes < 1000 else f"{number_bytes / 1000:.1f} KB"


def what(message):
    """The method, and what its reply says beyond that it has ended."""
    if message.failure:
        return f"{message.name} raised {message.failure}"
    return message.name if message.ending else f"{message.name} (still working)"


def address(message):
    """How the broker was told to route it: exchange and routing key; of a reply the beginning of its queue."""
    if message.kind == REPLY:
        return f"→ {message.routing_key[:14]}"
    if message.kind == FANOUT:
        return f"→ {message.exchange}"
    return f"{message.exchange or '(default)'} → {message.routing_key}"


def printable(text):
    """One line of text as a terminal may get it: what others wrote on the wire may be orders to the terminal."""
    return text if text.isprintable() else "".join(one if one.isprintable() else "\ufffd" for one in text)


def shortened(text, length):
    """As printable(), in at most so many columns."""
    text = printable(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"
