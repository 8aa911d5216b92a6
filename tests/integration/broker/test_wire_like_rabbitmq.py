# SPDX-License-Identifier: Apache-2.0
"""Octets that break AMQP's rules, on the embedded broker and on RabbitMQ: the same end with the same words."""

import socket
import struct
import time
import urllib.parse

import pytest
from pamqp import commands

from minova.broker import frame, method
from tests.broker_process import start_broker
from tests.broker_wire import CAPABILITIES, CHANNEL_OPEN, START_OK, header, marshal

WAIT_SECONDS = 60
CLOSING = (commands.Connection.Close, commands.Channel.Close)
PUBLISH = marshal(1, commands.Basic.Publish(0, "", "q"))


def method_frame(payload, channel_id=1):
    return frame.encode(frame.METHOD, channel_id, payload)


def header_frame(body_size=0, properties=b"\x00\x00", class_id=60, weight=0):
    return frame.encode(frame.HEADER, 1, struct.pack(">HHQ", class_id, weight, body_size) + properties)


OCTETS = {
    "frame end": b"\x01\x00\x01\x00\x00\x00\x01x!",
    "frame end on channel 0": b"\x08\x00\x00\x00\x00\x00\x00!",
    "frame type": frame.encode(9, 1, b"x"),
    "frame type with a quotation": frame.encode(9, 1, b'a"b\\c'),
    "frame type with more to show": frame.encode(9, 1, bytes(range(60))),
    "frame type with as much as is shown": frame.encode(9, 1, b"abcdefghijklmnop"),
    "frame too large": b"\x03\x00\x01\x7f\x00\x00\x00x",
    "frame within the tolerance": frame.encode(frame.BODY, 1, bytes(131072)),
    "no method": method_frame(b"\x00"),
    "empty method": method_frame(b""),
    "arguments cut short": method_frame(b"\x00\x32\x00\x0a\x00\x00\x20ab"),
    "arguments too long": method_frame(b"\x00\x3c\x00\x50" + bytes(12)),
    "arguments that fill the reason": method_frame(b"\x00\x32\x00\x0a" + b"\x60" * 200),
    "no arguments": method_frame(b"\x00\x32\x00\x0a"),
    "name that is not UTF-8": method_frame(b"\x00\x32\x00\x0a\x00\x00\x01\xff\x10\x00\x00\x00\x00"),
    "header without publish": header_frame(),
    "body without publish": frame.encode(frame.BODY, 1, b"x"),
    "method for header": PUBLISH * 2,
    "close for header": PUBLISH + marshal(1, commands.Channel.Close(200, "", 0, 0)),
    "body for header": PUBLISH + frame.encode(frame.BODY, 1, b"x"),
    "header for body": PUBLISH + header_frame(5) * 2,
    "method for body": PUBLISH + header_frame(5) + PUBLISH,
    "header of another class": PUBLISH + header_frame(class_id=50),
    "header with a weight": PUBLISH + header_frame(weight=7),
    "header cut short": PUBLISH + frame.encode(frame.HEADER, 1, b"\x00\x3c\x00"),
    "properties cut short": PUBLISH + header_frame(0, b"\x80\x00\x20ab"),
    "properties of an unknown type": PUBLISH + header_frame(0, b"\x20\x00\x00\x00\x00\x03\x01a?"),
    "properties with more flags": PUBLISH + header_frame(0, b"\x00\x01\x00\x00"),
    "properties too long": PUBLISH + header_frame(0, b"\x00\x00zz"),
    "heartbeat on a channel": frame.encode(frame.HEARTBEAT, 1, b""),
    "heartbeat on a channel that is not open": frame.encode(frame.HEARTBEAT, 5, b""),
    "heartbeat with a payload": frame.encode(frame.HEARTBEAT, 0, b"x"),
    "header on channel 0": frame.encode(frame.HEADER, 0, bytes(14)),
    "body on channel 0": frame.encode(frame.BODY, 0, b"x"),
    "header on a channel that is not open": frame.encode(frame.HEADER, 5, bytes(14)),
    "channel not open": marshal(5, commands.Queue.Declare(0, "q")),
    "close of a channel that is not open": marshal(5, commands.Channel.Close(200, "", 0, 0)),
    "channel opened twice": CHANNEL_OPEN,
    "channel 0 opened": marshal(0, commands.Channel.Open()),
    "too many channels": marshal(2, commands.Channel.Open()) + marshal(3, commands.Channel.Open()),
    "method of a channel on channel 0": marshal(0, commands.Queue.Declare(0, "q")),
    "connection opened twice": marshal(0, commands.Connection.Open("/")),
    "method of the connection on a channel": marshal(1, commands.Connection.Open("/")),
    "answer of a server": marshal(1, commands.Queue.DeclareOk("q", 0, 0)),
    "blocked by a client": marshal(0, commands.Connection.Blocked("x")),
    "prefetch size": marshal(1, commands.Basic.Qos(10, 0, False)),
    "flow": marshal(1, commands.Channel.Flow(False)),
    "immediate": marshal(1, commands.Basic.Publish(0, "", "q", immediate=True), header(0)),
    "recover without requeue": marshal(1, commands.Basic.Recover(False)),
}


class Wire:
    """A socket that speaks AMQP without a client library, which would not break the rules."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self._reader = frame.FrameReader(2**31)
        self._methods = []

    def send(self, octets):
        self._socket.sendall(octets)

    def read_until(self, *method_classes):
        """Return the first method of one of these classes."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            octets = self._socket.recv(65536)
            for kind, _, payload in self._reader.frames(octets):
                if kind == frame.METHOD:
                    self._methods.append(method.decode_method(payload))
            while self._methods:
                answer = self._methods.pop(0)
                if isinstance(answer, method_classes):
                    return answer
            assert octets, "the broker hung up"
        raise AssertionError("waited in vain")

    def open(self, vhost):
        self.send(frame.PROTOCOL_HEADER)
        self.read_until(commands.Connection.Start)
        self.send(START_OK)
        self.read_until(commands.Connection.Tune)
        tune_ok = commands.Connection.TuneOk(2, 131072, 0)
        self.send(marshal(0, tune_ok) + marshal(0, commands.Connection.Open(vhost)) + CHANNEL_OPEN)
        self.read_until(commands.Channel.OpenOk)

    def close(self):
        self._socket.close()


@pytest.fixture(scope="module")
def places(rabbitmq_url, tmp_path_factory):
    """(port, vhost) of the embedded broker and of RabbitMQ."""
    parts = urllib.parse.urlsplit(rabbitmq_url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        pytest.skip("compares with a RabbitMQ on this machine")
    broker = start_broker(tmp_path_factory.mktemp("broker"))
    yield [(broker.port, "/"), (parts.port, urllib.parse.unquote(parts.path[1:]))]
    broker.stop()


def end(port, vhost, octets):
    wire = Wire(port)
    try:
        wire.open(vhost)
        wire.send(octets)
        close = wire.read_until(*CLOSING)
        return close.name, close.reply_code, close.reply_text, close.class_id, close.method_id
    finally:
        wire.close()


@pytest.mark.parametrize("name", OCTETS)
def test_wrong_octets_are_answered_alike(places, name):
    embedded, rabbitmq = (end(*place, OCTETS[name]) for place in places)
    assert embedded == rabbitmq


def test_wrong_password_is_answered_alike(places):
    closes = []
    for port, _ in places:
        wire = Wire(port)
        start_ok = commands.Connection.StartOk(CAPABILITIES, "PLAIN", "\0guest\0wrong", "en_US")
        wire.send(frame.PROTOCOL_HEADER + marshal(0, start_ok))
        close = wire.read_until(commands.Connection.Close)
        closes.append((close.reply_code, close.reply_text, close.class_id, close.method_id))
        wire.close()
    assert closes[0] == closes[1]
