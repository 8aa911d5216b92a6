# SPDX-License-Identifier: Apache-2.0
"""AMQP's two kinds of error, each with RabbitMQ's reply code and text.

A channel exception closes the channel on which it happened, a connection exception the whole connection
(AMQP 0-9-1, section 4.10; the specification calls them soft and hard errors).
"""

CONNECTION_FORCED = 320

_NAMES = {
    CONNECTION_FORCED: "CONNECTION_FORCED",
    403: "ACCESS_REFUSED",
    404: "NOT_FOUND",
    405: "RESOURCE_LOCKED",
    406: "PRECONDITION_FAILED",
    501: "FRAME_ERROR",
    502: "SYNTAX_ERROR",
    503: "COMMAND_INVALID",
    504: "CHANNEL_ERROR",
    505: "UNEXPECTED_FRAME",
    530: "NOT_ALLOWED",
    540: "NOT_IMPLEMENTED",
    541: "INTERNAL_ERROR",
}


class AMQPError(Exception):
    """Base of both kinds; `code` is AMQP's reply code, `text` what RabbitMQ says after the code's name."""

    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code
        self.text = text

    @property
    def reply_text(self):
        return f"{_NAMES[self.code]} - {self.text}"


class ChannelException(AMQPError):
    """Ends the channel."""


class ConnectionException(AMQPError):
    """Ends the connection."""


class AuthenticationFailed(ConnectionException):
    """Ends the connection; only clients with `authentication_failure_close` are told why."""


def access_refused(text):
    return ChannelException(403, text)


def not_found(kind, name, vhost_name):
    return ChannelException(404, f"no {kind} '{name}' in vhost '{vhost_name}'")


def precondition_failed(text):
    return ChannelException(406, text)


def not_implemented(text):
    return ConnectionException(540, text)
