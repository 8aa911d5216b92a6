# SPDX-License-Identifier: Apache-2.0
"""What changes the broker by PUT, POST and DELETE: mostly an AMQP method sent in the user's name (client.py)."""

import base64
import binascii
import contextlib
import datetime
import urllib.parse

from pamqp import commands

from minova.broker import errors as amqp_errors
from minova.broker import routing
from minova.broker.management import client, errors, state, views
from minova.broker.management.http import CREATED, NO_CONTENT, Response, json_response

_FORCED = amqp_errors.CONNECTION_FORCED
_ACK_MODES = ("ack_requeue_true", "ack_requeue_false", "reject_requeue_true", "reject_requeue_false")
_WHOLE_NUMBERS = ("delivery_mode", "priority", "timestamp")


async def put_exchange(call, vhost, name):
    body = call.body()
    existed = views.exchange_name(name) in call.vhost(vhost).exchanges
    type_name = body.get("type", "direct")
    if type_name not in routing.type_names():
        raise errors.bad_request(f"invalid exchange type '{type_name}'")
    request = client.make(
        commands.Exchange.Declare,
        exchange=views.exchange_name(name),
        exchange_type=type_name,
        durable=_flag(body, "durable"),
        auto_delete=_flag(body, "auto_delete"),
        internal=_flag(body, "internal"),
        arguments=_arguments(body),
    )
    await _ask(call, vhost, request)
    return NO_CONTENT if existed else CREATED


async def delete_exchange(call, vhost, name):
    views.find_exchange(call, vhost, name)
    if_unused = call.query.get("if-unused") == "true"
    request = client.make(commands.Exchange.Delete, exchange=views.exchange_name(name), if_unused=if_unused)
    await _ask(call, vhost, request)
    return NO_CONTENT


async def put_queue(call, vhost, name):
    body = call.body()
    existed = name in call.vhost(vhost).queues
    request = client.make(
        commands.Queue.Declare,
        queue=name,
        durable=_flag(body, "durable"),
        auto_delete=_flag(body, "auto_delete"),
        arguments=_arguments(body),
    )
    await _ask(call, vhost, request)
    return NO_CONTENT if existed else CREATED


async def delete_queue(call, vhost, name):
    views.find_queue(call, vhost, name)
    request = client.make(
        commands.Queue.Delete,
        queue=name,
        if_unused=call.query.get("if-unused") == "true",
        if_empty=call.query.get("if-empty") == "true",
    )
    await _ask(call, vhost, request)
    return NO_CONTENT


async def purge_queue(call, vhost, name):
    views.find_queue(call, vhost, name)
    await _ask(call, vhost, client.make(commands.Queue.Purge, queue=name))
    return NO_CONTENT


async def post_binding(call, vhost, source, kind, destination):
    body = call.body()
    key, arguments = body.get("routing_key", ""), _arguments(body)
    await _ask(call, vhost, _binding_request("Bind", source, kind, destination, key, arguments))
    location = urllib.parse.quote(state.properties_key(key, arguments), safe="~")
    return Response(201, headers=(("location", f"{urllib.parse.quote(destination, safe='')}/{location}"),))


async def delete_binding(call, vhost, source, kind, destination, properties_key):
    for _, _, key, arguments in views.find_bindings(call, vhost, source, kind, destination):
        if state.properties_key(key, arguments) == properties_key:
            await _ask(call, vhost, _binding_request("Unbind", source, kind, destination, key, arguments))
            return NO_CONTENT
    raise errors.not_found()


async def publish(call, vhost, name):
    body = call.body("properties", "routing_key", "payload", "payload_encoding")
    payload = _read_payload(body["payload"], body["payload_encoding"])
    properties = _read_properties(body["properties"])
    try:
        async with call.channel(vhost) as channel:
            routed = await channel.publish(
                views.exchange_name(name), body["routing_key"], properties, payload
            )
    except client.Refused as err:
        raise errors.bad_request(f"{err.code} {err.reply_text}") from err
    return json_response({"routed": routed})


async def get_messages(call, vhost, name):
    body = call.body("count", "ackmode", "encoding")
    if body["ackmode"] not in _ACK_MODES:
        raise errors.bad_request(f"Unsupported ackmode. Please use one of {', '.join(_ACK_MODES)}.")
    if body["encoding"] not in ("auto", "base64"):
        raise errors.bad_request("Unsupported encoding. Please use auto or base64.")
    truncate = _whole_number(body["truncate"]) if "truncate" in body else None
    found = []
    async with _with_channel(call, vhost) as channel:
        async for reply, properties, payload in _get(channel, name, _whole_number(body["count"])):
            found.append(_message(reply, properties, payload, body["encoding"], truncate))
        if found and body["ackmode"].endswith("requeue_true"):
            channel.tell(client.make(commands.Basic.Nack, delivery_tag=0, multiple=True, requeue=True))
        elif found:
            channel.tell(client.make(commands.Basic.Ack, delivery_tag=0, multiple=True))
        await channel.ask(commands.Channel.Close(200, "", 0, 0))
    return json_response(found)


async def aliveness_test(call, vhost):
    """Declare a queue, publish to it and get the message, as a client would."""
    call.vhost(vhost)
    async with _with_channel(call, vhost) as channel:
        name = "aliveness-test"
        await channel.ask(client.make(commands.Queue.Declare, queue=name))
        await channel.publish("", name, commands.Basic.Properties(), b"test_message")
        reply, *_ = await channel.ask(client.make(commands.Basic.Get, queue=name, no_ack=True))
        await channel.ask(client.make(commands.Queue.Delete, queue=name))
    if not isinstance(reply, commands.Basic.GetOk):
        return json_response({"status": "failed"}, 503)
    return json_response({"status": "ok"})


async def close_connection(call, name):
    _close(call, views.find_connection(call, name))
    return NO_CONTENT


async def close_connections_of_user(call, user):
    for connection in call.connections():
        if connection.user.name == user:
            _close(call, connection)
    return NO_CONTENT


async def refuse_policy(call, **names):
    raise errors.bad_request("this broker has no policies, parameters or limits; give a queue its arguments")


def _close(call, connection):
    reason = call.request.headers.get("x-reason") or "Closed via management plugin"
    connection.close_because(amqp_errors.ConnectionException(_FORCED, reason))


async def _ask(call, vhost_name, request):
    """Send a method in the user's name; its refusal becomes RabbitMQ's answer."""
    try:
        async with call.channel(vhost_name) as channel:
            await channel.ask(request)
    except client.Refused as err:
        if err.code in (403, 530):
            raise errors.not_authorised("Access refused.") from err
        if err.code == 404:
            raise errors.not_found(err.text, "not_found") from err
        raise errors.bad_request(err.text) from err


@contextlib.asynccontextmanager
async def _with_channel(call, vhost_name):
    """A channel for several methods; what refuses one of them is told with its code's name."""
    try:
        async with call.channel(vhost_name) as channel:
            yield channel
    except client.Refused as err:
        if err.code in (403, 530):
            raise errors.not_authorised(err.reply_text) from err
        if err.code == 404:
            raise errors.not_found(err.reply_text, "not_found") from err
        raise errors.bad_request(f"{err.code} {err.reply_text}") from err


async def _get(channel, queue_name, count):
    """Yield up to `count` messages; a negative count means all, as on RabbitMQ."""
    while count:
        answer = await channel.ask(client.make(commands.Basic.Get, queue=queue_name))
        if isinstance(answer[0], commands.Basic.GetEmpty):
            return
        yield answer
        count -= 1


def _binding_request(verb, source, kind, destination, key, arguments):
    if kind == "q":
        return client.make(
            getattr(commands.Queue, verb),
            exchange=views.exchange_name(source),
            queue=destination,
            routing_key=key,
            arguments=arguments,
        )
    if kind == "e":
        return client.make(
            getattr(commands.Exchange, verb),
            source=views.exchange_name(source),
            destination=views.exchange_name(destination),
            routing_key=key,
            arguments=arguments,
        )
    raise errors.not_found()


def _flag(body, name):
    value = body.get(name, False)
    if value not in (True, False, "true", "false"):
        raise errors.bad_request(["not_boolean", value])
    return value in (True, "true")


def _whole_number(value):
    try:
        return int(value)
    except (TypeError, ValueError) as err:
        raise errors.bad_request(["not_integer", value]) from err


def _arguments(body):
    arguments = body.get("arguments", {})
    if not isinstance(arguments, dict):
        raise errors.bad_request("arguments is not an object")
    return arguments


def _read_payload(payload, encoding):
    if not isinstance(payload, str):
        raise errors.bad_request("payload is not a string")
    if encoding == "string":
        return payload.encode()
    if encoding != "base64":
        raise errors.bad_request(["unsupported_encoding", encoding])
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as err:
        raise errors.bad_request(["not_base64", payload]) from err


def _read_properties(given):
    """Return pamqp's properties of a JSON object; what is no property is ignored, as RabbitMQ does."""
    if given == []:  # what RabbitMQ shows for a message without any
        given = {}
    if not isinstance(given, dict):
        raise errors.bad_request("properties is not an object")
    properties = commands.Basic.Properties()
    for name in properties.attributes():
        key = "type" if name == "message_type" else name
        if key in given:
            setattr(properties, name, _read_property(key, given[key]))
    return properties


def _read_property(name, value):
    if name in _WHOLE_NUMBERS:
        if type(value) is not int:
            raise errors.bad_request(["not_int", name])
        return _read_timestamp(value) if name == "timestamp" else value
    if name == "headers":
        if not isinstance(value, dict):
            raise errors.bad_request("headers is not an object")
        return value
    if not isinstance(value, str):
        raise errors.bad_request(["not_string", name])
    return value


def _read_timestamp(seconds):
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError, ValueError) as err:
        raise errors.bad_request(f"timestamp: {err}") from err


def _message(reply, properties, payload, encoding, truncate):
    shown, shown_encoding = encode_payload(payload[:truncate], encoding)
    return {
        "payload_bytes": len(payload),
        "redelivered": reply.redelivered,
        "exchange": reply.exchange,
        "routing_key": reply.routing_key,
        "message_count": reply.message_count,
        "properties": properties_table(properties),
        "payload": shown,
        "payload_encoding": shown_encoding,
    }


def properties_table(properties):
    table = {
        "type" if name == "message_type" else name: state.plain(value)
        for name, value in properties
        if value not in (None, "")
    }
    return table or []  # a list, because an empty object is one in RabbitMQ's answer


def encode_payload(payload, encoding):
    if encoding == "auto":
        with contextlib.suppress(UnicodeDecodeError):
            return payload.decode(), "string"
    return base64.b64encode(payload).decode(), "base64"
