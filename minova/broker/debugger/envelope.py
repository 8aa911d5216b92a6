# SPDX-License-Identifier: Apache-2.0
"""What oslo.messaging says of an RPC message, read from its body.

A body is a stranger's: whatever it holds, reading it ends with an Envelope or with None.
"""

import json
import typing

CALL, CAST, FANOUT, REPLY = "call", "cast", "fanout", "reply"
ALIVE = "alive"  # the sign of life of a call that takes long (call_monitor_timeout)
KINDS = (CALL, CAST, FANOUT, REPLY, ALIVE)

# A larger body is not read: decoding it would keep the broker from everything else.
MAX_BODY_BYTES = 4 * 1024 * 1024
_LONGEST_TEXT = 255
_SEARCH_DEPTH = 8  # of dictionaries and lists, within which servers are looked for
_NOT_READABLE = (ValueError, KeyError, TypeError, RecursionError)


class Envelope(typing.NamedTuple):
    """What a message does not say is empty."""

    kind: str
    method: str = ""
    namespace: str = ""
    sender: str = ""  # binary@host
    request_id: str = ""
    msg_id: str = ""  # the same in a call and its replies
    unique_id: str = ""
    servers: tuple = ()  # uuids
    names: tuple = ()  # (uuid, name) of servers that the message describes in full


def read(body, exchange):
    """Return the Envelope of a message's body, or None when it is none of oslo.messaging's RPC messages."""
    content = _content(body)
    if content is None:
        return None
    if "method" in content:
        return _request(content, exchange)
    if "result" in content or "failure" in content:
        return _reply(content)
    return None


def _content(body):
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        inner = json.loads(body)["oslo.message"]
        content = json.loads(inner) if isinstance(inner, str) else inner
    except _NOT_READABLE:
        return None
    return content if isinstance(content, dict) else None


def _request(content, exchange):
    servers = _servers(content.get("args"))
    kind = FANOUT if exchange.endswith("_fanout") else CALL if content.get("_msg_id") else CAST
    return Envelope(
        kind,
        method=_text(content.get("method")),
        namespace=_text(content.get("namespace")),
        sender=_text(content.get("_context_sender")),
        request_id=_text(content.get("_context_request_id")),
        msg_id=_text(content.get("_msg_id")),
        unique_id=_text(content.get("_unique_id")),
        servers=tuple(servers),
        names=tuple((uuid, name) for uuid, name in servers.items() if name),
    )


def _reply(content):
    return Envelope(
        REPLY if content.get("ending", True) else ALIVE,
        msg_id=_text(content.get("_msg_id")),
        unique_id=_text(content.get("_unique_id")),
    )


def _servers(arguments):
    """Return {uuid: name, or "" where it is not told} of the servers that arguments speak of."""
    found = {}
    for uuid, name in _find(arguments, _SEARCH_DEPTH):
        found[uuid] = name or found.get(uuid, "")
    return found


def _find(value, depth):
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _find(item, depth - 1)
    elif isinstance(value, dict):
        yield from _find_in_object(value)
        for key, item in value.items():
            if key in ("instance_uuid", "instance_uuids"):
                uuids = item if isinstance(item, list) else [item]
                yield from ((_text(uuid), "") for uuid in uuids if _text(uuid))
            else:
                yield from _find(item, depth - 1)


def _find_in_object(value):
    """The uuid and name of a serialised versioned object Instance, whose keys are `<namespace>.name` and `.data`."""
    fields = {key.rpartition(".")[2]: item for key, item in value.items()}
    inner = fields.get("data")
    if fields.get("name") == "Instance" and isinstance(inner, dict) and _text(inner.get("uuid")):
        yield _text(inner["uuid"]), _text(inner.get("display_name"))


def _text(value):
    """A text that can be shown and sent on: JSON allows halves of characters."""
    return value[:_LONGEST_TEXT].encode(errors="replace").decode() if isinstance(value, str) else ""
