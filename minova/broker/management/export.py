# SPDX-License-Identifier: Apache-2.0
"""Definitions: everything but messages, as one document that RabbitMQ and option definitions_file read."""

from minova.broker.management import errors, state


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
