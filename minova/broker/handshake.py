# SPDX-License-Identifier: Apache-2.0
"""The start of a connection: protocol header, login, limits, vhost (AMQP 0-9-1, section 2.2.4)."""

import platform

from pamqp import commands, decode

from minova.broker import errors, frame

_MECHANISMS = ("PLAIN", "AMQPLAIN")
_LONGEST_NAME = 100
_CAPABILITIES = {
    "publisher_confirms": True,
    "exchange_exchange_bindings": True,
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "authentication_failure_close": True,
    "connection.blocked": True,
    "per_consumer_qos": True,
}


class Handshake:
    """Leads one connection to Connection.Open; what it learns it sets on the connection."""

    def __init__(self, connection):
        self.has_header = False
        self._connection = connection
        self._settings = connection.server.settings
        self._header = b""
        self._expected = commands.Connection.StartOk
        self._client_capabilities = {}

    def take_header(self, data):
        """Take the protocol header off the first octets; return those after it."""
        self._header += data
        wanted = frame.PROTOCOL_HEADER
        if not wanted.startswith(self._header[: len(wanted)]):
            self._connection.write(wanted)  # which tells the client what is spoken here
            self._connection.hang_up()
            return b""
        if len(self._header) < len(wanted):
            return b""
        self.has_header = True
        self._connection.send(
            commands.Connection.Start(0, 9, self._server_properties(), " ".join(_MECHANISMS), "en_US")
        )
        return self._header[len(wanted) :]

    def handle(self, method):
        """:raises errors.ConnectionException: 403, 503, 530"""
        if not isinstance(method, self._expected):
            raise errors.ConnectionException(503, f"expected {self._expected.name}, got {method.name}")
        handlers = {
            commands.Connection.StartOk: self._start_ok,
            commands.Connection.TuneOk: self._tune_ok,
            commands.Connection.Open: self._open,
        }
        handlers[self._expected](method)

    def may_close(self, error):
        """Whether the client understands Connection.Close at this stage."""
        if isinstance(error, errors.AuthenticationFailed):
            return bool(self._client_capabilities.get("authentication_failure_close"))
        return self.has_header

    def _start_ok(self, method):
        capabilities = method.client_properties.get("capabilities")
        self._client_capabilities = capabilities if isinstance(capabilities, dict) else {}
        self._connection.wants_cancel_notify = bool(self._client_capabilities.get("consumer_cancel_notify"))
        self._connection.client_properties = method.client_properties
        self._connection.auth_mechanism = method.mechanism
        self._connection.wants_blocked_notify = bool(self._client_capabilities.get("connection.blocked"))
        client_name = method.client_properties.get("connection_name")
        if isinstance(client_name, str):
            self._connection.label += f" - {client_name[:_LONGEST_NAME]!r}"
        self._connection.user = self._log_in(method.mechanism, method.response)
        self._expected = commands.Connection.TuneOk
        self._connection.send(
            commands.Connection.Tune(
                self._settings.channel_max, self._settings.frame_max, self._settings.heartbeat_seconds
            )
        )

    def _log_in(self, mechanism, response):
        if mechanism not in _MECHANISMS:
            raise errors.AuthenticationFailed(403, f"unknown authentication mechanism '{mechanism}'")
        octets = response.encode() if isinstance(response, str) else response
        name, password = _read_plain(octets) if mechanism == "PLAIN" else _read_amqplain(octets)
        user = self._connection.server.access.authenticate(name, password, self._remote_host())
        if user is None:
            raise errors.AuthenticationFailed(
                403,
                f"Login was refused using authentication mechanism {mechanism}. For details see the broker logfile.",
            )
        return user

    def _remote_host(self):
        """Return the client's IP address; None when it is one of this machine's."""
        connection = self._connection
        return None if connection.peer_host == connection.host else connection.peer_host

    def _tune_ok(self, method):
        _check_limit("channel_max", method.channel_max, self._settings.channel_max, 1)
        _check_limit("frame_max", method.frame_max, self._settings.frame_max, frame.MIN_FRAME_MAX)
        self._connection.set_limits(method.frame_max, method.channel_max, method.heartbeat)
        self._expected = commands.Connection.Open

    def _open(self, method):
        self._check_number()
        name, user = method.virtual_host, self._connection.user
        vhost = self._connection.server.vhosts.get(name)
        if vhost is None:
            raise errors.ConnectionException(530, f"vhost {name} not found")
        if not user.may_enter(name):
            raise errors.ConnectionException(530, f"access to vhost '{name}' refused for user '{user.name}'")
        self._connection.vhost = vhost
        self._connection.send(commands.Connection.OpenOk())
        self._connection.opened()

    def _check_number(self):
        most = self._settings.max_connections
        if most and sum(other.is_open for other in self._connection.server.connections) >= most:
            raise errors.ConnectionException(
                530, f"connection refused: node connection limit ({most}) is reached"
            )

    def _server_properties(self):
        return {
            "capabilities": _CAPABILITIES,
            "cluster_name": f"minova@{platform.node()}",
            "information": "The broker of minova, for one machine",
            "platform": f"Python {platform.python_version()}",
            "product": "minova-broker",
            "version": self._connection.server.version,
        }


def _check_limit(name, client, server, lowest):
    # 0 from the client means no limit, which is above the server's.
    if client and client < lowest:
        raise errors.ConnectionException(
            530, f"negotiated {name} = {client} is lower than the minimum allowed value ({lowest})"
        )
    if not client or client > server:
        raise errors.ConnectionException(
            530, f"negotiated {name} = {client} is higher than the maximum allowed value ({server})"
        )


def _read_plain(response):
    parts = response.split(b"\x00")
    if len(parts) != 3:
        return None, None
    return parts[1].decode(errors="replace"), parts[2].decode(errors="replace")


def _read_amqplain(response):
    """Read the table, without its length, that py-amqp and with it oslo.messaging log in with."""
    try:
        _, table = decode.field_table(len(response).to_bytes(4) + response)
    except (ValueError, OverflowError, RecursionError):
        return None, None
    return table.get("LOGIN"), table.get("PASSWORD")
