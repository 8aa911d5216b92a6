# SPDX-License-Identifier: Apache-2.0
"""What a GET answers: each function takes the Call and the names in the path, and returns a document."""

from minova.broker.management import errors, listing, state


async def overview(call):
    document = call.state.overview(call.vhosts(), call.connections())
    if call.is_monitor:
        document |= {"node": state.NODE, "listeners": call.listeners, "contexts": _contexts(call)}
    return listing.pick(document, call.query.get("columns"))


def _contexts(call):
    return [
        {
            "node": state.NODE,
            "description": "minova-broker management API",
            "path": "/",
            "ip": listener["ip_address"],
            "port": str(listener["port"]),
        }
        for listener in call.listeners
        if listener["protocol"] == "http"
    ]


async def cluster_name(call):
    return {"name": state.NODE}


async def whoami(call):
    return {"name": call.user.name, "tags": sorted(call.user.tags)}


async def empty_list(call, **names):
    """What this broker has none of: policies, parameters, limits."""
    return []


async def nodes(call):
    call.check_monitor()
    return await listing.make(call, [None], lambda _: call.state.node())


async def node(call, name):
    call.check_monitor()
    if name != state.NODE:
        raise errors.not_found()
    return call.state.node()


async def vhosts(call):
    return await listing.make(call, call.vhosts(), call.state.vhost)


async def vhost(call, vhost):
    return call.state.vhost(call.vhost(vhost))


# Clients


async def connections(call, vhost=None, user=None):
    found = call.connections()
    if vhost is not None:
        found = [connection for connection in found if connection.vhost is call.vhost(vhost)]
    if user is not None:
        found = [connection for connection in found if connection.user.name == user]
    return await listing.make(call, found, call.state.connection, lambda connection: connection.name)


async def connection(call, name):
    return call.state.connection(find_connection(call, name))


async def channels(call, vhost=None, connection=None):
    owners = call.connections() if connection is None else [find_connection(call, connection)]
    if vhost is not None:
        owners = [owner for owner in owners if owner.vhost is call.vhost(vhost)]
    found = [channel for owner in owners for channel in owner.channels]
    return await listing.make(call, found, call.state.channel, state.channel_name)


async def channel(call, name):
    for connection in call.connections():
        for channel in connection.channels:
            if state.channel_name(channel) == name:
                return call.state.channel_in_full(channel)
    raise errors.not_found()


async def consumers(call, vhost=None):
    found = [
        consumer
        for queue in _of_vhosts(call, vhost, lambda vhost: vhost.queues)
        for consumer in queue.consumers.values()
    ]
    return await listing.make(call, found, call.state.consumer)


# What messages go through


async def exchanges(call, vhost=None):
    found = _of_vhosts(call, vhost, lambda vhost: vhost.exchanges)
    return await listing.make(call, found, call.state.exchange, lambda exchange: exchange.name)


async def exchange(call, vhost, name):
    return call.state.exchange(find_exchange(call, vhost, name))


async def queues(call, vhost=None):
    found = _of_vhosts(call, vhost, lambda vhost: vhost.queues)
    return await listing.make(call, found, call.state.queue, lambda queue: queue.name)


async def queue(call, vhost, name):
    return call.state.queue_in_full(find_queue(call, vhost, name))


async def bindings(call, vhost=None):
    owners = call.vhosts() if vhost is None else [call.vhost(vhost)]
    return await _bindings(call, owners, lambda *_: True)


async def queue_bindings(call, vhost, name):
    wanted = find_queue(call, vhost, name)
    return await _bindings(call, [call.vhost(vhost)], lambda _, destination: destination is wanted)


async def exchange_source_bindings(call, vhost, name):
    wanted = find_exchange(call, vhost, name)
    return await _bindings(call, [call.vhost(vhost)], lambda source, _: source is wanted)


async def exchange_destination_bindings(call, vhost, name):
    wanted = find_exchange(call, vhost, name)
    return await _bindings(call, [call.vhost(vhost)], lambda _, destination: destination is wanted)


async def bindings_between(call, vhost, source, kind, destination):
    found = find_bindings(call, vhost, source, kind, destination)
    return await listing.make(call, found, state.binding)


async def binding(call, vhost, source, kind, destination, properties_key):
    for found in find_bindings(call, vhost, source, kind, destination):
        if state.properties_key(*found[2:]) == properties_key:
            return state.binding(found)
    raise errors.not_found()


# Users


async def users(call):
    call.check_administrator()
    return await listing.make(call, _by_name(call.broker.access.users), call.state.user)


async def users_without_permissions(call):
    call.check_administrator()
    found = [user for user in _by_name(call.broker.access.users) if not user.permissions]
    return await listing.make(call, found, call.state.user)


async def user(call, user):
    call.check_administrator()
    return call.state.user(find_user(call, user))


async def permissions(call, vhost=None, user=None):
    call.check_administrator()
    if vhost is not None:
        call.vhost(vhost)
    owners = _by_name(call.broker.access.users) if user is None else [find_user(call, user)]
    found = [(owner, name) for owner in owners for name in sorted(owner.permissions) if vhost in (None, name)]
    return await listing.make(call, found, call.state.permission)


async def permission(call, vhost, user):
    call.check_administrator()
    call.vhost(vhost)
    owner = find_user(call, user)
    if vhost not in owner.permissions:
        raise errors.not_found()
    return call.state.permission((owner, vhost))


# Finding, for actions.py too; each raises errors.ApiError: 404, or 401 for a vhost that the user does not see


def find_connection(call, name):
    for connection in call.connections():
        if connection.name == name:
            return connection
    raise errors.not_found()


def find_exchange(call, vhost_name, name):
    name = exchange_name(name)
    exchanges = call.vhost(vhost_name).exchanges
    if name not in exchanges:
        raise errors.not_found()
    return exchanges[name]


def find_queue(call, vhost_name, name):
    queues = call.vhost(vhost_name).queues
    if name not in queues:
        raise errors.not_found()
    return queues[name]


def find_bindings(call, vhost_name, source, kind, destination):
    """Return the bindings from an exchange to a queue ('q') or exchange ('e'); [] when one of them is missing."""
    vhost = call.vhost(vhost_name)
    if kind not in ("q", "e"):
        raise errors.not_found()
    from_exchange = vhost.exchanges.get(exchange_name(source))
    to = vhost.queues.get(destination) if kind == "q" else vhost.exchanges.get(exchange_name(destination))
    if from_exchange is None or to is None:
        return []
    found = [
        (from_exchange, bound, key, arguments)
        for bound, key, arguments in from_exchange.bindings()
        if bound is to
    ]
    return sorted(found, key=lambda binding: binding[2])


def find_user(call, name):
    users = call.broker.access.users
    if name not in users:
        raise errors.not_found()
    return users[name]


def exchange_name(name):
    """The name of an exchange in a URL, where the default exchange has one."""
    return "" if name == state.DEFAULT_EXCHANGE else name


async def _bindings(call, vhosts, wanted):
    found = [found for vhost in vhosts for found in state.bindings(vhost) if wanted(*found[:2])]
    return await listing.make(call, found, state.binding)


def _of_vhosts(call, vhost_name, members):
    """Return the queues or exchanges, by name, of one vhost or of all that the user sees."""
    owners = call.vhosts() if vhost_name is None else [call.vhost(vhost_name)]
    return [member for owner in owners for member in _by_name(members(owner))]


def _by_name(members):
    return [member for _, member in sorted(members.items())]
