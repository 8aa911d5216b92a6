# SPDX-License-Identifier: Apache-2.0
"""Holds, held messages and faults (../debugger/) under /api/minova/, which RabbitMQ does not have.

The vhost is the query's, `/` without one. Monitors may look, administrators act: whoever holds a message holds up
everybody.
"""

import random
import time

from minova.broker.debugger import envelope, faults
from minova.broker.debugger.match import PATTERNS, Match
from minova.broker.management import actions, errors
from minova.broker.management.http import json_response

MOST_RULES = 100  # of each kind: every message is compared with all
_LONGEST_PATTERN = 255
_LARGEST_NUMBER = 2**53  # up to which JSON's readers agree on integers
_FAULT_FIELDS = ("action", "delay_seconds", "probability", "skip", "count", "expires_seconds", "seed")


async def holds(call):
    return [_hold(rule) for rule in _look(call).holds.rules.values()]


async def add_hold(call):
    vhost = _act(call)
    body = _body(call)
    _refuse_too_many(vhost.holds.rules)
    return json_response(_hold(vhost.holds.add(_match(body))), 201)


async def clear_holds(call, hold=None):
    vhost = _act(call)
    rule_id = None if hold is None else _find_id(vhost.holds.rules, hold, "hold")
    cleared, released = vhost.holds.clear(rule_id)
    return {"cleared": cleared, "released": released}


async def held(call):
    return [_held(one) for one in _look(call).holds.held.values()]


async def held_message(call, held):
    """One held message with its properties and its body."""
    found = _look(call).holds.held
    one = found[_find_id(found, held, "held message")]
    message = one.entry.message
    payload, encoding = actions.encode_payload(message.body, "auto")
    return _held(one) | {
        "properties": actions.properties_table(message.decode_properties()),
        "payload": payload,
        "payload_encoding": encoding,
    }


async def step(call):
    vhost = _act(call)
    wanted = call.body().get("id")
    found = vhost.holds.held
    if wanted is None and not found:
        raise errors.not_found("no message is held", "not_found")
    one = found[next(iter(found)) if wanted is None else _find_id(found, wanted, "held message")]
    document = _held(one)
    vhost.holds.step(one.id)
    return document


async def list_faults(call):
    return [_fault(rule) for rule in _look(call).faults.rules.values()]


async def add_fault(call):
    vhost = _act(call)
    body = _body(call, *_FAULT_FIELDS)
    _refuse_too_many(vhost.faults.rules)
    return json_response(_fault(vhost.faults.add(match=_match(body), **_read_fault(body))), 201)


async def clear_faults(call, fault=None):
    vhost = _act(call)
    rule_id = None if fault is None else _find_id(vhost.faults.rules, fault, "fault")
    return {"cleared": vhost.faults.clear(rule_id)}


def _look(call):
    call.check_monitor()
    return call.vhost(call.query.get("vhost", "/"))


def _act(call):
    call.check_administrator()
    return call.vhost(call.query.get("vhost", "/"))


def _body(call, *fields):
    """The body of a request, in which only patterns, kinds and these fields may stand."""
    body = call.body()
    unknown = sorted(set(body) - {*PATTERNS, "kinds", *fields})
    if unknown:
        raise errors.bad_request(f"there is no field {', '.join(unknown)}")
    return body


def _find_id(found, given, noun):
    """:raises errors.ApiError: 404"""
    number = int(given) if str(given).isdecimal() and len(str(given)) < 16 else None
    if number not in found:
        raise errors.not_found(f"there is no {noun} {given}", "not_found")
    return number


def _refuse_too_many(rules):
    if len(rules) >= MOST_RULES:
        raise errors.bad_request(f"there are {len(rules)} rules already: clear some")


# Reading a rule


def _match(body):
    patterns = {name: _pattern(name, body[name]) for name in PATTERNS if body.get(name) is not None}
    kinds = body.get("kinds") or []
    if not isinstance(kinds, list) or any(kind not in envelope.KINDS for kind in kinds):
        raise errors.bad_request(f"kinds is a list of some of {', '.join(envelope.KINDS)}")
    if not patterns and not kinds:
        raise errors.bad_request(f"say which messages by one of {', '.join(PATTERNS)} or kinds")
    return Match(**patterns, kinds=tuple(kinds))


def _pattern(name, value):
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PATTERN:
        raise errors.bad_request(f"{name} is a text of 1 to {_LONGEST_PATTERN} characters")
    return value


def _read_fault(body):
    action = body.get("action")
    if action not in faults.ACTIONS:
        raise errors.bad_request(f"action is one of {', '.join(faults.ACTIONS)}")
    delay_seconds = _number(body, "delay_seconds", 0, 0, faults.LONGEST_DELAY_SECONDS)
    if (action == faults.DELAY) != (delay_seconds > 0):
        raise errors.bad_request("a delay takes delay_seconds above 0, other actions none")
    expires_seconds = _number(body, "expires_seconds", None, 0, _LARGEST_NUMBER)
    return {
        "action": action,
        "delay_seconds": delay_seconds,
        "probability": _number(body, "probability", 1, 0, 1),
        "skip": _whole(body, "skip", 0, 0),
        "count": _whole(body, "count", None, 1),
        "expires_at": None if expires_seconds is None else time.time() + expires_seconds,
        "seed": _whole(body, "seed", random.randrange(2**32), 0),
    }


def _number(body, name, default, least, most):
    value = body.get(name)
    if value is None:
        return default
    if type(value) not in (int, float) or not least <= value <= most:
        raise errors.bad_request(f"{name} is a number from {least} to {most}")
    return value


def _whole(body, name, default, least):
    value = _number(body, name, default, least, _LARGEST_NUMBER)
    if value is not default and type(value) is not int:
        raise errors.bad_request(f"{name} is a whole number")
    return value


# Showing


def _hold(rule):
    held = {"count": rule.count, "created_at": rule.created_at}
    return {"id": rule.id} | _patterns(rule.match) | held


def _fault(rule):
    names = (
        "action",
        "delay_seconds",
        "probability",
        "skip",
        "count",
        "seed",
        "expires_at",
        "hits",
        "strikes",
    )
    facts = {name: getattr(rule, name) for name in names}
    return {"id": rule.id} | _patterns(rule.match) | facts | {"spent": rule.is_spent()}


def _patterns(match):
    return {name: getattr(match, name) for name in PATTERNS} | {"kinds": list(match.kinds)}


def _held(one):
    found, message = one.reading.envelope, one.entry.message
    known = found or envelope.Envelope("other")
    return {
        "id": one.id,
        "hold": one.hold.id,
        "since": one.since,
        "age_seconds": time.time() - one.since,
        "queue": one.queue.name,
        "exchange": message.exchange,
        "routing_key": message.routing_key,
        "size_bytes": len(message.body),
        "redelivered": one.entry.redelivered,
        "servers": list(known.servers),
        "server_names": list(one.reading.server_names),
        "hosts": list(one.reading.hosts),
    } | {name: getattr(known, name) for name in _ENVELOPE_FIELDS}


_ENVELOPE_FIELDS = ("kind", "method", "namespace", "sender", "request_id", "msg_id", "unique_id")
