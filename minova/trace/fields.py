# SPDX-License-Identifier: Apache-2.0
"""Says in a sentence what each field of a message is for: its AMQP properties, its envelope, its payload."""

PROPERTY, ENVELOPE, CONTEXT, PAYLOAD = "property", "envelope", "context", "payload"

_PROPERTIES = {
    "content_type": "How the body is written: JSON, the only format that oslo.messaging's RPC sends here.",
    "content_encoding": "The character set of the body.",
    "delivery_mode": "1 lives in the broker's memory alone; 2 is kept on disk, where the queue is durable as well.",
    "priority": "Higher goes first, in queues that were declared with x-max-priority; in others it does nothing.",
    "expiration": "After so many milliseconds in a queue the broker throws the message away. oslo.messaging sets the "
    "call's timeout, so that no server works for a caller who has given up.",
    "headers": "A table that applications may fill.",
    "message_id": "An id that the sender may give; oslo.messaging has its own in the envelope.",
    "correlation_id": "Where plain AMQP programs match replies to requests; oslo.messaging uses _msg_id instead.",
    "reply_to": "Where plain AMQP programs name the reply queue; oslo.messaging uses _reply_q instead.",
    "timestamp": "When the sender made it, in seconds since 1970.",
    "type": "A name that applications may give to the kind of message.",
    "user_id": "The user of the connection; the broker refuses a wrong one.",
    "app_id": "A name that applications may give to themselves.",
}
_ROUTING = {
    "exchange": "The exchange that the sender published to; the broker looks up there which queues get the message.",
    "routing_key": "What the exchange compares with its bindings: the topic, or topic.server for one server alone.",
    "routed_queues": "The queues into which the broker has put it. None means that it is lost. The default exchange "
    "names the queue that it was asked for, also where there is none.",
}
_ENVELOPE = {
    "oslo.version": "The version of the envelope itself, which holds the message as a string of JSON (oslo.message).",
    "method": "The function to be run; the server looks it up in its endpoints, as Target and namespace allow.",
    "namespace": "Which group of endpoints the method belongs to; none is the main manager's own.",
    "version": "The version of the interface that the sender needs. A server that is older refuses the message with "
    "UnsupportedVersion.",
    "_msg_id": "The id of the call. The reply carries it too, and so the caller, whose calls all share one reply "
    "queue, knows which of them is answered. A cast has none: nobody waits.",
    "_reply_q": "The queue in which the caller waits; the server publishes the reply straight into it.",
    "_unique_id": "The id of this message. A listener remembers the last ones, and drops a message that comes twice.",
    "_timeout": "The caller monitors the call: it gives up after so many seconds without a sign of life, which the "
    "server therefore sends twice as often.",
    "args": "The arguments of the method. Objects travel as their name, their version and their fields.",
    "result": "What the method returned.",
    "failure": "The exception that the method raised: class, module, message and traceback; the caller raises it anew.",
    "ending": "False for a sign of life, which only says that the server still works on it; true for the reply itself.",
}
_CONTEXT = {
    "request_id": "The id of the user's request. All messages that follow from it carry it, and so do the log lines.",
    "global_request_id": "An id that came from outside, from another service's request.",
    "user_id": "Who asked.",
    "project_id": "For which project it was asked; a project never sees the servers of another.",
    "roles": "The roles of the user, by which policies decide.",
    "is_admin": "Whether the sender may do all; true for work that no user asked for, such as heartbeats.",
    "sender": "The process that sent this message. minova adds it, so that both ends can be named; Nova does not.",
}
_ELSE = {
    PROPERTY: "An AMQP property.",
    ENVELOPE: "A field of the envelope that this minova does not know.",
    CONTEXT: "A field of the request context that this minova does not know.",
    PAYLOAD: "A part of what the message says.",
}


def explain(message):
    """[{"name", "value", "where": property, envelope, context or payload, "explanation"}] in reading order."""
    routing = {
        "exchange": message.exchange or "(the default exchange)",
        "routing_key": message.routing_key,
        "routed_queues": list(message.queues),
    }
    envelope = {"oslo.version": message.envelope_version} if message.envelope_version else {}
    envelope |= message.body
    rows = [_row(PROPERTY, name, value, _ROUTING) for name, value in routing.items()]
    rows += [_row(PROPERTY, name, value, _PROPERTIES) for name, value in message.properties.items()]
    rows += [_of_envelope(name, value) for name, value in envelope.items() if name not in ("args", "result")]
    rows.sort(key=lambda row: (PROPERTY, ENVELOPE, CONTEXT).index(row["where"]))
    return rows + _of_payload(message)


def _of_envelope(name, value):
    context_name = name.removeprefix("_context_")
    if context_name != name:
        return {**_row(CONTEXT, context_name, value, _CONTEXT), "name": name}
    return _row(ENVELOPE, name, value, _ENVELOPE)


def _of_payload(message):
    """Each argument of a request; the result of a reply."""
    body = message.body
    rows = []
    if "result" in body:
        rows.append(_row(PAYLOAD, "result", body["result"], _ENVELOPE))
    arguments = body.get("args")
    if isinstance(arguments, dict):
        rows += [
            {"name": name, "value": value, "where": PAYLOAD, "explanation": _argument(message, name, value)}
            for name, value in arguments.items()
        ]
    return rows


def _argument(message, name, value):
    kind, version = versioned_object(value)
    if kind:
        return f"Argument {name} of {message.method}: a versioned object {kind}, version {version}, with its fields."
    return f"Argument {name} of {message.method}."


def versioned_object(value):
    """(name, version) of a serialised versioned object, ("", "") of anything else."""
    if not isinstance(value, dict):
        return "", ""
    fields = {key.rpartition(".")[2]: item for key, item in value.items()}
    if not isinstance(fields.get("data"), dict) or not isinstance(fields.get("name"), str):
        return "", ""
    return fields["name"], str(fields.get("version", "?"))


def _row(where, name, value, sentences):
    return {"name": name, "value": value, "where": where, "explanation": sentences.get(name, _ELSE[where])}
