# SPDX-License-Identifier: Apache-2.0
"""One RPC message as oslo.messaging puts it on the wire, decoded from what the firehose delivers."""

import dataclasses
import json

CALL, CAST, FANOUT, REPLY, OTHER = "call", "cast", "fanout", "reply", "other"
KINDS = (CALL, CAST, FANOUT, REPLY)
# What may be noted of a message beside its deliveries. The debugger of the embedded broker says the first eight. The
# others are concluded: nobody answered within a call's own limits; no queue was bound to where it was sent. Of the
# default exchange only the embedded broker says that.
HELD, RELEASED, DROPPED, DELAYED = "held", "released", "dropped", "delayed"
DUPLICATED, CORRUPTED = "duplicated", "corrupted"
EXPIRED, REMOVED = "expired", "removed"
TIMED_OUT, UNROUTED = "timed_out", "unrouted"
NOTES = (
    *(HELD, RELEASED, DROPPED, DELAYED, DUPLICATED, CORRUPTED, EXPIRED, REMOVED),
    *(TIMED_OUT, UNROUTED),
)
# Envelopes are nested dictionaries and lists; deeper than this nobody's instance stands.
SEARCH_DEPTH = 8
# They name servers, but those of a whole host: not a part of the story of any one of them.
_BULK_METHODS = ("report_hosts", "report_host_states", "instances_of_hosts", "update_host_states")
# A field's type to what JSON has for it.
_AS_JSON = {float: (float, int), tuple: (list, tuple)}


@dataclasses.dataclass
class Message:
    """What one publish on the bus says, and what became of it. What a message does not carry is ""."""

    # Seconds since the epoch: when the broker got it; RabbitMQ's firehose does not say, so when its copy arrived here.
    time: float
    kind: str
    exchange: str
    routing_key: str
    size_bytes: int
    method: str = ""
    namespace: str = ""
    version: str = ""
    # `minova-api@host`; of a reply, where its process could not be found out, the topic of its call.
    sender: str = ""
    # Of a reply: who called, once its call is known. Of any other message the routing key says it.
    recipient: str = ""
    request_id: str = ""
    msg_id: str = ""
    # oslo.messaging's own id of the message; where it was published again, the second has "#2" behind it.
    unique_id: str = ""
    # Uuids of the instances that the message is about.
    instances: tuple = ()
    # Their names, as far as the message says them.
    names: dict = dataclasses.field(default_factory=dict)
    # Class of the exception that a reply carries.
    failure: str = ""
    # False for a sign of life (call_monitor_timeout), which is followed by the reply itself.
    ending: bool = True
    # The queues into which the broker put it; of the default exchange the one asked for, also where there is none.
    queues: tuple = ()
    # Each time that it went from a queue to a consumer: {"queue": name, "time": seconds since the epoch, "process":
    # `minova-conductor@host` or "" where that could not be found out}.
    delivered: list = dataclasses.field(default_factory=list)
    # {"time": seconds since the epoch, "what": one of NOTES, "text": a few words}
    notes: list = dataclasses.field(default_factory=list)
    # The AMQP properties.
    properties: dict = dataclasses.field(default_factory=dict, repr=False)
    # "2.0", the version of oslo.messaging's envelope.
    envelope_version: str = ""
    # The decoded envelope; what it holds was written by whoever sent it.
    body: dict = dataclasses.field(default_factory=dict, repr=False)

    @property
    def name(self):
        """`compute_task.build_instances`; "?" for a reply whose call was not seen."""
        return f"{self.namespace}.{self.method}" if self.namespace else self.method or "?"

    @property
    def is_bulk(self):
        """Whether the servers that it names are those of whole hosts."""
        return self.method in _BULK_METHODS

    def has(self, what):
        """Whether `what`, one of NOTES, was noted."""
        return any(note["what"] == what for note in self.notes)

    def to_dict(self):
        """The one JSON form of a message: of `--json`, of recordings, of the page and of exports."""
        return dict(vars(self), instances=list(self.instances), queues=list(self.queues))

    @classmethod
    def from_dict(cls, fields):
        """The message of to_dict(); what a later version wrote beside it is left out.

        :raises ValueError: when that is no message.
        """
        types = {field.name: _AS_JSON.get(field.type, field.type) for field in dataclasses.fields(cls)}
        try:
            message = cls(**{name: value for name, value in fields.items() if name in types})
        except (TypeError, AttributeError) as err:
            raise ValueError(f"not a message: {err}") from err
        if wrong := [name for name, value in vars(message).items() if not isinstance(value, types[name])]:
            raise ValueError(f"not a message: {', '.join(wrong)}")
        texts = [*message.instances, *message.queues, *message.names.values()]
        if message.kind not in KINDS or not all(isinstance(text, str) for text in texts):
            raise ValueError("not a message")
        message.instances, message.queues = tuple(message.instances), tuple(message.queues)
        return message


def decode(body, exchange, routing_key, time, queues=(), properties=None):
    """A Message from the bytes of a published message; kind `other` when it is not oslo.messaging's."""
    message = Message(time, OTHER, exchange, routing_key, len(body))
    message.queues, message.properties = tuple(queues), properties or {}
    envelope, content = _content(body)
    if content is None:
        return message
    message.envelope_version = _text(envelope.get("oslo.version"))
    message.body = content
    message.msg_id = _text(content.get("_msg_id"))
    message.unique_id = _text(content.get("_unique_id"))
    if "method" in content:
        _fill_request(message, content)
    elif "result" in content or "failure" in content:
        _fill_reply(message, content)
    return message


def _content(body):
    """(the envelope, the dictionary inside it), or (None, None)."""
    try:
        envelope = _loads(body)
        inner = envelope["oslo.message"]
        content = _loads(inner) if isinstance(inner, str) else inner
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, None
    return (envelope, content) if isinstance(content, dict) else (None, None)


def _loads(text):
    # NaN and its like become strings: no browser reads them as JSON.
    return json.loads(text, parse_constant=str)


def _fill_request(message, content):
    message.kind = _request_kind(message, content)
    message.method = _text(content.get("method"))
    message.namespace = _text(content.get("namespace"))
    message.version = _text(content.get("version"))
    message.sender = _text(content.get("_context_sender"))
    message.request_id = _text(content.get("_context_request_id"))
    _fill_instances(message, content.get("args"))


def _request_kind(message, content):
    if message.exchange.endswith("_fanout"):
        return FANOUT
    return CALL if content.get("_msg_id") else CAST


def _fill_reply(message, content):
    message.kind = REPLY
    message.ending = bool(content.get("ending", True))
    message.failure = _failure_class(content.get("failure"))
    _fill_instances(message, content.get("result"))


def _failure_class(failure):
    """`NoValidHost` of the failure that a reply carries, which is JSON within JSON."""
    if not failure:
        return ""
    try:
        decoded = json.loads(failure) if isinstance(failure, str) else failure
        return _text(decoded.get("class")) or "failure"
    except (ValueError, AttributeError):
        return "failure"


def _fill_instances(message, value):
    found = list(_instances(value, SEARCH_DEPTH))
    message.instances = tuple(dict.fromkeys(uuid for uuid, _ in found))
    message.names = {uuid: name for uuid, name in found if name}


def _instances(value, depth):
    """(uuid, name or "") of what stands under `instance_uuid(s)`, and of objects that are an Instance."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _instances(item, depth - 1)
    elif isinstance(value, dict):
        yield from _own_uuid(value)
        for key, item in value.items():
            if key in ("instance_uuid", "instance_uuids"):
                listed = item if isinstance(item, list) else [item]
                yield from ((text, "") for text in listed if isinstance(text, str))
            else:
                yield from _instances(item, depth - 1)


def _own_uuid(value):
    """Of a serialised versioned object Instance, whose keys are `<namespace>.name` and `.data`."""
    fields = {key.rpartition(".")[2]: item for key, item in value.items()}
    inner = fields.get("data")
    if fields.get("name") == "Instance" and isinstance(inner, dict) and isinstance(inner.get("uuid"), str):
        yield inner["uuid"], _text(inner.get("display_name"))


def _text(value):
    return value if isinstance(value, str) else "" if value is None else str(value)
