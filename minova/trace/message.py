# SPDX-License-Identifier: Apache-2.0
"""One RPC message as oslo.messaging puts it on the wire, decoded from what the firehose delivers."""

import dataclasses
import json

CALL, CAST, FANOUT, REPLY, OTHER = "call", "cast", "fanout", "reply", "other"
# Envelopes are nested dictionaries and lists; deeper than this nobody's instance stands.
SEARCH_DEPTH = 8


@dataclasses.dataclass
class Message:
    """What one publish on the bus says. What a message does not carry is ""."""

    # Seconds since the epoch, when it arrived here; the firehose does not say when it was sent.
    time: float
    kind: str
    exchange: str
    routing_key: str
    size_bytes: int
    method: str = ""
    namespace: str = ""
    version: str = ""
    # `minova-api@host`
    sender: str = ""
    # Of a reply: who called, once its call is known. Of any other message the routing key says it.
    recipient: str = ""
    request_id: str = ""
    msg_id: str = ""
    # Uuids of the instances that the message is about.
    instances: tuple = ()
    # Class of the exception that a reply carries.
    failure: str = ""
    # False for a sign of life (call_monitor_timeout), which is followed by the reply itself.
    ending: bool = True
    # The decoded envelope; what it holds was written by whoever sent it.
    body: dict = dataclasses.field(default_factory=dict, repr=False)


def decode(body, exchange, routing_key, time):
    """A Message from the bytes of a published message; kind `other` when it is not oslo.messaging's."""
    message = Message(time, OTHER, exchange, routing_key, len(body))
    content = _content(body)
    if content is None:
        return message
    message.body = content
    message.msg_id = _text(content.get("_msg_id"))
    if "method" in content:
        _fill_request(message, content)
    elif "result" in content or "failure" in content:
        _fill_reply(message, content)
    return message


def _content(body):
    """The dictionary inside the envelope, or None."""
    try:
        envelope = json.loads(body)
        inner = envelope["oslo.message"]
        content = json.loads(inner) if isinstance(inner, str) else inner
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _fill_request(message, content):
    message.kind = _request_kind(message, content)
    message.method = _text(content.get("method"))
    message.namespace = _text(content.get("namespace"))
    message.version = _text(content.get("version"))
    message.sender = _text(content.get("_context_sender"))
    message.request_id = _text(content.get("_context_request_id"))
    message.instances = tuple(dict.fromkeys(_instances(content.get("args"), SEARCH_DEPTH)))


def _request_kind(message, content):
    if message.exchange.endswith("_fanout"):
        return FANOUT
    return CALL if content.get("_msg_id") else CAST


def _fill_reply(message, content):
    message.kind = REPLY
    message.ending = bool(content.get("ending", True))
    message.failure = _failure_class(content.get("failure"))
    message.instances = tuple(dict.fromkeys(_instances(content.get("result"), SEARCH_DEPTH)))


def _failure_class(failure):
    """`NoValidHost` of the failure that a reply carries, which is JSON within JSON."""
    if not failure:
        return ""
    try:
        decoded = json.loads(failure) if isinstance(failure, str) else failure
        return _text(decoded.get("class")) or "failure"
    except (ValueError, AttributeError):
        return "failure"


def _instances(value, depth):
    """Uuids under `instance_uuid(s)`, and of objects that are an Instance."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _instances(item, depth - 1)
    elif isinstance(value, dict):
        yield from _own_uuid(value)
        for key, item in value.items():
            if key in ("instance_uuid", "instance_uuids"):
                yield from (
                    text for text in (item if isinstance(item, list) else [item]) if isinstance(text, str)
                )
            else:
                yield from _instances(item, depth - 1)


def _own_uuid(value):
    """The uuid of a serialised versioned object Instance, whose keys are `<namespace>.name` and `.data`."""
    fields = {key.rpartition(".")[2]: item for key, item in value.items()}
    inner = fields.get("data")
    if fields.get("name") == "Instance" and isinstance(inner, dict) and isinstance(inner.get("uuid"), str):
        yield inner["uuid"]


def _text(value):
    return value if isinstance(value, str) else "" if value is None else str(value)
