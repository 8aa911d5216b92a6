# SPDX-License-Identifier: Apache-2.0
"""Definitions: everything but messages, as one document that RabbitMQ and option definitions_file read, too."""

from minova.broker.definitions import Definitions, DefinitionsError
from minova.broker.management import errors, state
from minova.broker.management.http import NO_CONTENT


async def all_definitions(call):
    call.check_administrator()
    vhosts = [vhost for _, vhost in sorted(call.broker.vhosts.items())]
    users = [user for _, user in sorted(call.broker.access.users.items())]
    return _header() | {
        "users": [call.state.user(user) for user in users],
        "vhosts": [{"name": vhost.name} for vhost in vhosts],
        "permissions": [
            call.state.permission((user, name)) for user in users for name in sorted(user.permissions)
        ],
        "topic_permissions": [],
        "parameters": [],
        "global_parameters": [],
        "policies": [],
        "queues": [row for vhost in vhosts for row in _queues(vhost)],
        "exchanges": [row for vhost in vhosts for row in _exchanges(vhost)],
        "bindings": [row for vhost in vhosts for row in _bindings(vhost)],
    }


async def vhost_definitions(call, vhost):
    """Those of one vhost, without its name: they can be imported into another."""
    call.check_administrator()
    if vhost not in call.broker.vhosts:
        raise errors.bad_request("vhost_not_found")
    found = call.broker.vhosts[vhost]
    parts = {"queues": _queues(found), "exchanges": _exchanges(found), "bindings": _bindings(found)}
    return (
        _header()
        | {"parameters": [], "policies": []}
        | {
            kind: [{key: value for key, value in row.items() if key != "vhost"} for row in rows]
            for kind, rows in parts.items()
        }
    )


async def import_all(call):
    """Add what a document defines; exchanges and queues that exist stay as they are, users become as it says."""
    call.check_administrator()
    return await _import(call, call.body())


async def import_into_vhost(call, vhost):
    """The same for exchanges, queues and bindings of one vhost."""
    call.check_administrator()
    if vhost not in call.broker.vhosts:
        raise errors.bad_request("vhost_not_found")
    body = call.body()
    parts = {kind: body[kind] for kind in ("exchanges", "queues", "bindings") if kind in body}
    for kind, rows in parts.items():
        if isinstance(rows, list):
            parts[kind] = [row | {"vhost": vhost} if isinstance(row, dict) else row for row in rows]
    return await _import(call, parts)


async def _import(call, document):
    existing = await all_definitions(call)
    merged = {
        kind: _merge(existing[kind], document.get(kind, []), keys)
        for kind, keys in (("users", ["name"]), ("vhosts", ["name"]), ("permissions", ["user", "vhost"]))
    }
    try:
        wanted = Definitions(document | merged)
        _apply(call.broker, wanted)
    except DefinitionsError as err:
        raise errors.bad_request(str(err)) from err
    return NO_CONTENT


def _merge(existing, given, keys):
    """Return the existing rows and the given ones, which replace those of the same keys."""
    if not isinstance(given, list):
        return given  # for the check to refuse
    replaced = [[row.get(key) for key in keys] for row in given if isinstance(row, dict)]
    return given + [row for row in existing if [row[key] for key in keys] not in replaced]


def _apply(broker, wanted):
    """:raises DefinitionsError: when a vhost refuses an exchange, queue or binding"""
    for name in wanted.vhosts:
        if name not in broker.vhosts:
            broker.add_vhost(name)
    for user in wanted.users:
        known = broker.access.users.setdefault(user.name, user)
        known.change(user.password_hash, user.tags, user.algorithm)
        for vhost_name, patterns in user.permissions.items():
            known.permit(vhost_name, **patterns)
    wanted.declare(broker.vhosts, keep_existing=True)


def _header():
    return {
        "rabbit_version": state.RABBITMQ_VERSION,
        "rabbitmq_version": state.RABBITMQ_VERSION,
        "product_name": "minova-broker",
    }


def _queues(vhost):
    return [
        {
            "name": queue.name,
            "vhost": vhost.name,
            "durable": queue.durable,
            "auto_delete": queue.auto_delete,
            "arguments": state.plain(queue.arguments),
        }
        for _, queue in sorted(vhost.queues.items())
        if queue.owner is None  # an exclusive queue goes with its connection
    ]


def _exchanges(vhost):
    return [
        {
            "name": exchange.name,
            "vhost": vhost.name,
            "type": exchange.type,
            "durable": exchange.durable,
            "auto_delete": exchange.auto_delete,
            "internal": exchange.internal,
            "arguments": state.plain(exchange.arguments),
        }
        for _, exchange in sorted(vhost.exchanges.items())
        if _is_made_by_users(exchange.name)
    ]


def _bindings(vhost):
    rows = []
    for found in state.bindings(vhost):
        source, destination, *_ = found
        if source is not vhost.default_exchange and getattr(destination, "owner", None) is None:
            row = state.binding(found)
            del row["properties_key"]
            rows.append(row)
    return rows


def _is_made_by_users(exchange_name):
    return exchange_name != "" and not exchange_name.startswith("amq.")
