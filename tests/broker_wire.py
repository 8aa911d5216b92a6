# SPDX-License-Identifier: Apache-2.0
"""Octets for a broker's connection and a client that feeds them to it without a socket."""

import logging

from pamqp import commands
from pamqp import frame as pamqp_frame
from pamqp import header as pamqp_header

from minova.broker import frame, method
from minova.broker.connection import Connection


def marshal(channel_id, *frames):
    return b"".join(pamqp_frame.marshal(part, channel_id) for part in frames)


def header(body_size, **properties):
    return pamqp_header.ContentHeader(0, body_size, commands.Basic.Properties(**properties))


CAPABILITIES = {
    "capabilities": {
        "authentication_failure_close": True,
        "consumer_cancel_notify": True,
        "connection.blocked": True,
    }
}
START_OK = marshal(0, commands.Connection.StartOk(CAPABILITIES, "PLAIN", "\0guest\0guest", "en_US"))
TUNE_OK = marshal(0, commands.Connection.TuneOk(2047, 131072, 0))
OPEN = marshal(0, commands.Connection.Open("/"))
HANDSHAKE = frame.PROTOCOL_HEADER + START_OK + TUNE_OK + OPEN
CHANNEL_OPEN = marshal(1, commands.Channel.Open())
PUBLISH = marshal(
    1,
    commands.Basic.Publish(0, "", "q"),
    header(5, priority=1),
) + frame.encode(frame.BODY, 1, b"hello")
WORK = [
    CHANNEL_OPEN,
    marshal(1, commands.Queue.Declare(0, "q", arguments={"x-expires": 60000})),
    marshal(1, commands.Exchange.Declare(0, "x", "topic")),
    marshal(1, commands.Queue.Bind(0, "q", "x", "a.#")),
    marshal(1, commands.Confirm.Select()),
    marshal(1, commands.Basic.Consume(0, "q", "tag")),
    PUBLISH,
    marshal(1, commands.Basic.Ack(1)),
]


class FakeTransport:
    """Keeps what is written; like asyncio's it may be written to after it was closed."""

    def __init__(self):
        self.written = b""
        self.is_closed = False
        self.is_reading = True

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def is_closing(self):
        return self.is_closed

    def get_extra_info(self, name):
        return ("127.0.0.1", 1234)

    def set_write_buffer_limits(self, high):
        pass

    def get_write_buffer_size(self):
        return 0

    def write(self, data):
        self.written += data

    def close(self):
        self.is_closed = True

    abort = close


class Client:
    """Feeds a connection and decodes its answers."""

    def __init__(self, server):
        self.transport = FakeTransport()
        self.connection = Connection(server)
        self.connection.connection_made(self.transport)

    def send(self, data):
        self.connection.data_received(data)
        self.connection.flush()

    def answers(self):
        """The methods sent so far, by name, each time from the first."""
        found = []
        for kind, _, payload in frame.FrameReader(2**31).frames(self.transport.written):
            if kind == frame.METHOD:
                found.append(method.decode_method(payload))
        return found

    def close(self):
        self.connection.connection_lost(None)


class Defects(logging.Handler):
    """Collects what the broker logs as its own fault."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.records = []

    def emit(self, record):
        self.records.append(record.getMessage())

    def __enter__(self):
        logging.getLogger("minova.broker").addHandler(self)
        return self

    def __exit__(self, *exc_info):
        logging.getLogger("minova.broker").removeHandler(self)
