# SPDX-License-Identifier: Apache-2.0
"""Which function answers which path of the API, and only to whom it may."""

import base64
import binascii
import logging
import urllib.parse

from minova.broker import access
from minova.broker.management import actions, admin, checks, debugging, definitions, errors, views
from minova.broker.management.call import Call
from minova.broker.management.http import Response, json_list_response, json_response

LOG = logging.getLogger(__name__)

_REALM = ("www-authenticate", 'Basic realm="minova-broker"')

ROUTES = {
    "overview": {"GET": views.overview},
    "cluster-name": {"GET": views.cluster_name},
    "whoami": {"GET": views.whoami},
    "nodes": {"GET": views.nodes},
    "nodes/{name}": {"GET": views.node},
    "extensions": {"GET": views.empty_list},
    "definitions": {"GET": definitions.all_definitions, "POST": definitions.import_all},
    "definitions/{vhost}": {"GET": definitions.vhost_definitions, "POST": definitions.import_into_vhost},
    "connections": {"GET": views.connections},
    "connections/{name}": {"GET": views.connection, "DELETE": actions.close_connection},
    "connections/{connection}/channels": {"GET": views.channels},
    "connections/username/{user}": {"GET": views.connections, "DELETE": actions.close_connections_of_user},
    "channels": {"GET": views.channels},
    "channels/{name}": {"GET": views.channel},
    "consumers": {"GET": views.consumers},
    "consumers/{vhost}": {"GET": views.consumers},
    "exchanges": {"GET": views.exchanges},
    "exchanges/{vhost}": {"GET": views.exchanges},
    "exchanges/{vhost}/{name}": {
        "GET": views.exchange,
        "PUT": actions.put_exchange,
        "DELETE": actions.delete_exchange,
    },
    "exchanges/{vhost}/{name}/bindings/source": {"GET": views.exchange_source_bindings},
    "exchanges/{vhost}/{name}/bindings/destination": {"GET": views.exchange_destination_bindings},
    "exchanges/{vhost}/{name}/publish": {"POST": actions.publish},
    "queues": {"GET": views.queues},
    "queues/{vhost}": {"GET": views.queues},
    "queues/{vhost}/{name}": {
        "GET": views.queue,
        "PUT": actions.put_queue,
        "DELETE": actions.delete_queue,
    },
    "queues/{vhost}/{name}/bindings": {"GET": views.queue_bindings},
    "queues/{vhost}/{name}/contents": {"DELETE": actions.purge_queue},
    "queues/{vhost}/{name}/get": {"POST": actions.get_messages},
    "bindings": {"GET": views.bindings},
    "bindings/{vhost}": {"GET": views.bindings},
    "bindings/{vhost}/e/{source}/{kind}/{destination}": {
        "GET": views.bindings_between,
        "POST": actions.post_binding,
    },
    "bindings/{vhost}/e/{source}/{kind}/{destination}/{properties_key}": {
        "GET": views.binding,
        "DELETE": actions.delete_binding,
    },
    "vhosts": {"GET": views.vhosts},
    "vhosts/{vhost}": {"GET": views.vhost, "PUT": admin.put_vhost, "DELETE": admin.delete_vhost},
    "vhosts/{vhost}/permissions": {"GET": views.permissions},
    "vhosts/{vhost}/connections": {"GET": views.connections},
    "vhosts/{vhost}/channels": {"GET": views.channels},
    "users": {"GET": views.users},
    "users/without-permissions": {"GET": views.users_without_permissions},
    "users/bulk-delete": {"POST": admin.delete_users},
    "users/{user}": {"GET": views.user, "PUT": admin.put_user, "DELETE": admin.delete_user},
    "users/{user}/permissions": {"GET": views.permissions},
    "permissions": {"GET": views.permissions},
    "permissions/{vhost}/{user}": {
        "GET": views.permission,
        "PUT": admin.put_permission,
        "DELETE": admin.delete_permission,
    },
    "aliveness-test/{vhost}": {"GET": actions.aliveness_test},
    "health/checks/alarms": {"GET": checks.alarms},
    "health/checks/local-alarms": {"GET": checks.alarms},
    "health/checks/virtual-hosts": {"GET": checks.virtual_hosts},
    "health/checks/node-is-quorum-critical": {"GET": checks.node_is_quorum_critical},
    "health/checks/port-listener/{port}": {"GET": checks.port_listener},
    "health/checks/protocol-listener/{protocol}": {"GET": checks.protocol_listener},
    "healthchecks/node": {"GET": checks.alarms},
    "healthchecks/node/{name}": {"GET": checks.node},
    "parameters": {"GET": views.empty_list},
    "parameters/{component}/{vhost}/{name}": {"PUT": actions.refuse_policy},
    "global-parameters": {"GET": views.empty_list},
    "policies": {"GET": views.empty_list},
    "policies/{vhost}": {"GET": views.empty_list},
    "policies/{vhost}/{name}": {"PUT": actions.refuse_policy},
    "operator-policies": {"GET": views.empty_list},
    "operator-policies/{vhost}/{name}": {"PUT": actions.refuse_policy},
    "vhost-limits": {"GET": views.empty_list},
    "vhost-limits/{vhost}/{name}": {"PUT": actions.refuse_policy},
    "topic-permissions": {"GET": views.empty_list},
    "minova/holds": {
        "GET": debugging.holds,
        "POST": debugging.add_hold,
        "DELETE": debugging.clear_holds,
    },
    "minova/holds/{hold}": {"DELETE": debugging.clear_holds},
    "minova/held": {"GET": debugging.held},
    "minova/held/{held}": {"GET": debugging.held_message},
    "minova/step": {"POST": debugging.step},
    "minova/faults": {
        "GET": debugging.list_faults,
        "POST": debugging.add_fault,
        "DELETE": debugging.clear_faults,
    },
    "minova/faults/{fault}": {"DELETE": debugging.clear_faults},
}
_PATTERNS = [(tuple(pattern.split("/")), methods) for pattern, methods in ROUTES.items()]


class Api:
    """Answers requests from the state of one broker; `listeners` are rows of the overview."""

    def __init__(self, state, listeners):
        self._state = state
        self._listeners = listeners

    async def handle(self, request):
        """Answer an http.Request with an http.Response."""
        try:
            return await self._dispatch(request)
        except errors.ApiError as err:
            headers = (_REALM,) if err.error == "not_authorized" else ()
            return json_response({"error": err.error, "reason": err.reason}, err.status, headers)

    async def _dispatch(self, request):
        methods, names = _find(request.path)
        allowed = [*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])]
        if request.method not in allowed or request.method == "OPTIONS":
            status = 200 if request.method == "OPTIONS" else 405
            return Response(status, headers=(("allow", ", ".join(allowed)),))
        call = self._authenticate(request)
        call.check_manager()
        answer = await methods["GET" if request.method == "HEAD" else request.method](call, **names)
        if request.method not in ("GET", "HEAD"):
            LOG.info("user %r: %s %s", call.user.name, request.method, request.path)
        if isinstance(answer, Response):
            return answer
        return await json_list_response(answer) if isinstance(answer, list) else json_response(answer)

    def _authenticate(self, request):
        name, password = _read_credentials(request.headers.get("authorization", ""))
        host = request.peer[0]
        # As in AMQP's login: who comes from an address of this machine is on it.
        remote = None if host == request.local[0] or access.is_loopback(host) else host
        user = self._state.broker.access.authenticate(name, password, remote)
        if user is None:
            LOG.warning("login of %r to the management API refused", name)
            raise errors.login_failed()
        return Call(request, self._state, self._listeners, user, password)


def _find(path):
    """Return (handlers by method, names in the path).

    :raises errors.ApiError: 404
    """
    root, _, rest = path.lstrip("/").partition("/")
    given = [urllib.parse.unquote(part) for part in rest.removesuffix("/").split("/")]
    if root == "api":
        for pattern, methods in _PATTERNS:
            names = _match(pattern, given)
            if names is not None:
                return methods, names
    raise errors.not_found()


def _match(pattern, given):
    """Return the names in the path by those in the pattern, or None when it is another path."""
    if len(pattern) != len(given):
        return None
    names = {}
    for wanted, part in zip(pattern, given, strict=True):
        if wanted.startswith("{"):
            names[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return names


def _read_credentials(header):
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise errors.login_failed()
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as err:
        raise errors.login_failed() from err
    if not colon:
        raise errors.login_failed()
    return name, password
