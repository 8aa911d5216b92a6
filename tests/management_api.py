# SPDX-License-Identifier: Apache-2.0
"""A broker without sockets, and requests to its management API."""

import base64
import json

from minova.broker import access
from minova.broker.management import state as states
from minova.broker.management.http import Request
from minova.broker.management.rates import Rates
from minova.broker.management.routes import Api
from minova.broker.management.state import State
from minova.broker.server import Server, Settings

LISTENERS = [{"node": states.NODE, "protocol": "amqp", "ip_address": "127.0.0.1", "port": 5673}]


class Broker:
    """A broker, and requests to its API; joe may manage and enter `/`, jim may do neither."""

    def __init__(self):
        self.server = Server(Settings())
        joe = access.User("joe", access.hash_password("secret"), ["management"])
        joe.permit("/", "^j", "^j", "^j")
        jim = access.User("jim", access.hash_password("secret"))
        self.server.access.users |= {"joe": joe, "jim": jim}
        self._api = Api(State(self.server, Rates()), LISTENERS)

    async def ask(self, line, body=None, user="guest:guest", headers=()):
        """Ask for "METHOD path?query"; return (status, document or None)."""
        response = await self.respond(line, body, user, headers)
        return response.status, json.loads(response.body) if response.body else None

    async def respond(self, line, body=None, user="guest:guest", headers=()):
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        headers = dict(headers)
        if user is not None:
            headers.setdefault("authorization", "Basic " + base64.b64encode(user.encode()).decode())
        encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        parameters = dict(pair.split("=") for pair in query.split("&")) if query else {}
        request = Request(
            method, f"/api/{path}", parameters, headers, encoded, ("127.0.0.1", 9), ("127.0.0.1", 15673)
        )
        return await self._api.handle(request)
