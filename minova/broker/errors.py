# SPDX-License-Identifier: Apache-2.0
"""AMQP's two kinds of error, each with RabbitMQ's reply code and text.

A channel exception closes the channel on which it happened, a connection exception the whole connection
(AMQP 0-9-1, section 4.10; the specification calls them soft and hard errors).
"""

CONNECTION_FORCED = 320

_LONGEST_TEXT_OCTETS = 255  # a short string's
_SNIPPET_OCTETS = 16  # of a frame, in an error's text
_NAMES = {
    311: "CONTENT_TOO_LARGE",
    312: "NO_ROUTE",
    313: "NO_CONSUMERS",
    CONNECTION_FORCED: "CONNECTION_FORCED",
    402: "INVALID_PATH",
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
        text = f"{_NAMES[self.code]} - {self.text}" if self.text else _NAMES[self.code]
        octets = text.encode()
        if len(octets) > _LONGEST_TEXT_OCTETS:
            text = octets[: _LONGEST_TEXT_OCTETS - 3].decode(errors="ignore") + "..."
        return text


class ChannelException(AMQPError):
    """Ends the channel."""


class ConnectionException(AMQPError):
    """Ends the connection."""


class FrameException(ConnectionException):
    """Ends the connection, and no method is to blame."""


class AuthenticationFailed(ConnectionException):
    """Ends the connection; only clients with `authentication_failure_close` are told why."""


def describe_frame(kind, payload):
    """Return RabbitMQ's words for a frame."""
    which = "all" if len(payload) <= _SNIPPET_OCTETS else f"first {_SNIPPET_OCTETS}"
    return f"type {kind}, {which} octets = {describe_octets(payload[:_SNIPPET_OCTETS])}"


def describe_octets(octets):
    """Return octets as Erlang writes them: text where all are printable ASCII, or else numbers."""
    if octets and all(32 <= octet < 127 for octet in octets):
        text = octets.decode().replace("\\", "\\\\").replace('"', '\\"')
        return f'<<"{text}">>'
    return list_octets(octets)


def list_octets(octets):
    return f"<<{','.join(map(str, octets))}>>"


def access_refused(text):
    return ChannelException(403, text)


def not_found(kind, name, vhost_name):
    return ChannelException(404, f"no {kind} '{name}' in vhost '{vhost_name}'")


def precondition_failed(text):
    return ChannelException(406, text)


def not_implemented(text):
    return ConnectionException(540, text)


def frame_error(kind, payload, reason="unknown_frame"):
    return FrameException(501, f"{describe_frame(kind, payload)}: {reason}")


def no_method():
    return FrameException(505, "expected method frame, got non method frame instead")


def internal_error():
    """RabbitMQ says no more than the name."""
    return FrameException(541, "")
