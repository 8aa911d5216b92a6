# SPDX-License-Identifier: Apache-2.0
"""One request to the API and who makes it: what they may see, what they sent, an AMQP channel in their name."""

import contextlib
import dataclasses
import json
import struct

from minova.broker.management import client, errors
from minova.broker.management.http import Request
from minova.broker.management.state import State

_MONITORS = frozenset(("monitoring", "administrator"))
_MANAGERS = _MONITORS | {"management", "policymaker"}


@dataclasses.dataclass(frozen=True)
class Call:
    """What every handler of routes.py gets."""

    request: Request
    state: State
    listeners: list
    user: object
    password: str = dataclasses.field(repr=False)

    @property
    def broker(self):
        return self.state.broker

    @property
    def query(self):
        return self.request.query

    @property
    def is_monitor(self):
        """Whether the user sees every vhost and connection; others see their own."""
        return bool(self.user.tags & _MONITORS)

    def check_manager(self):
        if not self.user.tags & _MANAGERS:
            raise errors.not_authorised("Not management user")

    def check_monitor(self):
        if not self.is_monitor:
            raise errors.not_authorised("Not monitor user")

    def check_administrator(self):
        if "administrator" not in self.user.tags:
            raise errors.not_authorised("Not administrator user")

    def vhosts(self):
        """The vhosts that the user sees, by name."""
        return [
            vhost
            for name, vhost in sorted(self.broker.vhosts.items())
            if self.is_monitor or self.user.may_enter(name)
        ]

    def vhost(self, name):
        """:raises errors.ApiError: 404, or 401 when it is not for the user to see"""
        if name not in self.broker.vhosts:
            raise errors.not_found()
        if not self.is_monitor and not self.user.may_enter(name):
            raise errors.not_authorised("User not authorised to access virtual host")
        return self.broker.vhosts[name]

    def connections(self):
        """The open connections that the user sees, by name."""
        found = [
            connection
            for connection in self.broker.connections
            if connection.is_open and (self.is_monitor or connection.user.name == self.user.name)
        ]
        return sorted(found, key=lambda connection: connection.name)

    def body(self, *required):
        """Return the JSON object of the request's body; {} for an empty one.

        :raises errors.ApiError: 400 when it is none, or a key is missing
        """
        if not self.request.body.strip():
            document = {}
        else:
            try:
                document = json.loads(self.request.body)
            except (ValueError, RecursionError) as err:
                raise errors.bad_request("not_json") from err
        if not isinstance(document, dict):
            raise errors.bad_request("not_json")
        missing = [f"{{key_missing,{key}}}" for key in required if key not in document]
        if missing:
            raise errors.bad_request(f"[{','.join(missing)}]")
        return document

    @contextlib.asynccontextmanager
    async def channel(self, vhost_name):
        """A client.Client in the user's name.

        :raises errors.ApiError: 404, 401, or 503 when the broker does not answer in time
        """
        self.vhost(vhost_name)
        if not self.user.may_enter(vhost_name):
            raise errors.not_authorised("User not authorised to access virtual host")
        addresses = (self.request.peer, self.request.local)
        try:
            async with client.open_channel(
                self.broker, vhost_name, self.user.name, self.password, addresses
            ) as channel:
                yield channel
        except TimeoutError as err:
            raise errors.ApiError(503, "timeout", "the broker does not take this now; see its log") from err
        except (TypeError, ValueError, OverflowError, struct.error) as err:
            # A value that AMQP's types do not hold: a name beyond 255 octets, an integer beyond 64 bits.
            raise errors.bad_request(str(err)) from err
