# SPDX-License-Identifier: Apache-2.0
"""A request as a sequence diagram of Mermaid, which many wikis and code hosts draw."""

import re

from minova.trace import line
from minova.trace.message import REPLY

_ARROWS = {"call": "->>", "cast": "-)", "fanout": "-)", "reply": "-->>"}


def draw(request):
    """The text of the diagram."""
    lanes = request.lanes()
    numbers = {name: f"p{number}" for number, name in enumerate(lanes.names)}
    lines = ["sequenceDiagram", *(f"    participant {key} as {_safe(name)}" for name, key in numbers.items())]
    for message in request.messages:
        sender, recipient = (numbers[name] for name in lanes.ends(message))
        lines.append(
            f"    {sender}{_ARROWS[message.kind]}{recipient}: {_safe(_label(message, request.begin))}"
        )
        lines += [f"    Note over {recipient}: {_safe(note['text'])}" for note in message.notes]
    return "\n".join(lines) + "\n"


def _label(message, begin):
    kind = "" if message.kind == REPLY else f"{message.kind} "
    return f"{message.time - begin:.3f} s {kind}{line.what(message)} ({line.size(message.size_bytes)})"


def _safe(text):
    """Without what would end a line or a label of Mermaid."""
    return re.sub(r"[^\w .,:()/@+*=?!'-]", "_", text)
