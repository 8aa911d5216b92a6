# SPDX-License-Identifier: Apache-2.0
"""A connection without a socket: what it answers to octets, broken ones included."""

import asyncio
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands

from minova.broker import frame
from minova.broker.server import Server, Settings
from tests.broker_wire import (
    CAPABILITIES,
    CHANNEL_OPEN,
    HANDSHAKE,
    OPEN,
    PUBLISH,
    START_OK,
    TUNE_OK,
    WORK,
    Client,
    Defects,
    marshal,
)

MAX_EXAMPLES = 60


def run(scenario, **options):
    async def main():
        client = Client(Server(Settings(**options)))
        scenario(client)
        client.close()

    asyncio.run(main())


def names(client):
    return [answer.name for answer in client.answers()]


def test_handshake_and_a_message():
    def scenario(client):
        for octet in HANDSHAKE:
            client.send(bytes((octet,)))
        client.send(b"".join(WORK))
        assert names(client) == [
            "Connection.Start",
            "Connection.Tune",
            "Connection.OpenOk",
            "Channel.OpenOk",
            "Queue.DeclareOk",
            "Exchange.DeclareOk",
            "Queue.BindOk",
            "Confirm.SelectOk",
            "Basic.ConsumeOk",
            "Basic.Deliver",
            "Basic.Ack",
        ]

    run(scenario)


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"AMQP\x00\x00\x09\x00", b"AMQP\x00\x01\x00\x00", b"\x16"]
)
def test_another_protocol_is_told_which_one_is_spoken_here(garbage):
    def scenario(client):
        client.send(garbage)
        assert client.transport.written == frame.PROTOCOL_HEADER
        assert client.transport.is_closed

    run(scenario)


@pytest.mark.parametrize(
    ("start_ok", "code"),
    [
        (commands.Connection.StartOk(CAPABILITIES, "PLAIN", "\0guest\0wrong", "en_US"), 403),
        (commands.Connection.StartOk(CAPABILITIES, "PLAIN", "nonsense", "en_US"), 403),
        (commands.Connection.StartOk(CAPABILITIES, "AMQPLAIN", "nonsense", "en_US"), 403),
        (commands.Connection.StartOk(CAPABILITIES, "AMQPLAIN", "\x05LOGINS\0\0\0\x05guest", "en_US"), 403),
        (commands.Connection.StartOk(CAPABILITIES, "EXTERNAL", "", "en_US"), 403),
    ],
)
def test_wrong_login_is_refused(start_ok, code):
    def scenario(client):
        client.send(frame.PROTOCOL_HEADER + marshal(0, start_ok))
        assert client.answers()[-1].reply_code == code

    run(scenario)


def test_client_that_would_not_understand_is_cut_off_without_a_word():
    def scenario(client):
        start_ok = commands.Connection.StartOk({}, "PLAIN", "\0guest\0wrong", "en_US")
        client.send(frame.PROTOCOL_HEADER + marshal(0, start_ok))
        assert names(client) == ["Connection.Start"]
        assert client.transport.is_closed

    run(scenario)


@pytest.mark.parametrize(
    ("tune_ok", "text"),
    [
        ((2047, 100, 0), "negotiated frame_max = 100 is lower than the minimum allowed value (4096)"),
        ((2047, 0, 0), "negotiated frame_max = 0 is higher than the maximum allowed value (131072)"),
        (
            (2047, 200000, 0),
            "negotiated frame_max = 200000 is higher than the maximum allowed value (131072)",
        ),
        ((3000, 131072, 0), "negotiated channel_max = 3000 is higher than the maximum allowed value (2047)"),
    ],
)
def test_limits_are_negotiated(tune_ok, text):
    def scenario(client):
        client.send(frame.PROTOCOL_HEADER + START_OK + marshal(0, commands.Connection.TuneOk(*tune_ok)))
        assert client.answers()[-1].reply_text == f"NOT_ALLOWED - {text}"

    run(scenario)


def test_unknown_vhost_is_refused():
    def scenario(client):
        client.send(frame.PROTOCOL_HEADER + START_OK + TUNE_OK + marshal(0, commands.Connection.Open("nope")))
        assert client.answers()[-1].reply_text == "NOT_ALLOWED - vhost nope not found"

    run(scenario)


def test_configured_users_and_vhosts_are_let_in():
    def scenario(client):
        start_ok = commands.Connection.StartOk(CAPABILITIES, "PLAIN", "\0nova\0secret", "en_US")
        client.send(
            frame.PROTOCOL_HEADER
            + marshal(0, start_ok)
            + TUNE_OK
            + marshal(0, commands.Connection.Open("cloud"))
        )
        assert names(client)[-1] == "Connection.OpenOk"

    run(scenario, users={"nova": "secret"}, vhosts=("cloud",))


PUBLISH_METHOD = marshal(1, commands.Basic.Publish(0, "", "q"))


def header_frame(body_size, properties=b"\x00\x00", class_id=60):
    return frame.encode(frame.HEADER, 1, struct.pack(">HHQ", class_id, 0, body_size) + properties)


@pytest.mark.parametrize(
    ("octets", "code", "class_id", "method_id"),
    [
        pytest.param(b"\x01\x00\x01\x00\x00\x00\x01x!", 501, 0, 0, id="frame end"),
        pytest.param(frame.encode(9, 1, b"x"), 501, 0, 0, id="frame type"),
        pytest.param(b"\x03\x00\x01\x7f\x00\x00\x00x", 501, 0, 0, id="frame size"),
        pytest.param(frame.encode(frame.METHOD, 1, b"\x00"), 501, 0, 0, id="no method"),
        pytest.param(frame.encode(frame.METHOD, 1, b"\x00\x3c\x00\xc7"), 503, 60, 199, id="unknown method"),
        pytest.param(
            frame.encode(frame.METHOD, 1, b"\x00\x32\x00\x0a\x00\x00\x20ab"), 501, 50, 10, id="cut short"
        ),
        pytest.param(
            frame.encode(frame.METHOD, 1, b"\x00\x3c\x00\x50" + bytes(12)), 501, 60, 80, id="too much"
        ),
        pytest.param(header_frame(0), 505, 0, 0, id="header without publish"),
        pytest.param(frame.encode(frame.BODY, 1, b"x"), 505, 0, 0, id="body without publish"),
        pytest.param(PUBLISH_METHOD * 2, 505, 60, 40, id="method for header"),
        pytest.param(PUBLISH_METHOD + header_frame(5) * 2, 505, 60, 40, id="header for body"),
        pytest.param(PUBLISH_METHOD + header_frame(5) + PUBLISH_METHOD, 505, 60, 40, id="method for body"),
        pytest.param(
            PUBLISH_METHOD + header_frame(0, class_id=50), 505, 60, 40, id="header of another class"
        ),
        pytest.param(PUBLISH_METHOD + header_frame(0, b"\x80\x00\x20ab"), 541, 0, 0, id="broken properties"),
        pytest.param(
            PUBLISH_METHOD + header_frame(0, b"\x20\x00\x00\x00\x00\x03\x01a?"), 541, 0, 0, id="headers"
        ),
        pytest.param(
            PUBLISH_METHOD + header_frame(1) + frame.encode(frame.BODY, 1, b"xx"),
            501,
            60,
            40,
            id="body too long",
        ),
        pytest.param(frame.encode(frame.HEARTBEAT, 1, b""), 505, 0, 0, id="heartbeat on a channel"),
        pytest.param(frame.encode(frame.HEADER, 0, bytes(14)), 505, 0, 0, id="header on channel 0"),
        pytest.param(marshal(5, commands.Queue.Declare(0, "q")), 504, 50, 10, id="channel not open"),
        pytest.param(CHANNEL_OPEN, 504, 20, 10, id="channel opened twice"),
        pytest.param(
            marshal(0, commands.Queue.Declare(0, "q")), 504, 50, 10, id="channel's method on channel 0"
        ),
        pytest.param(OPEN, 504, 10, 40, id="connection opened twice"),
        pytest.param(
            marshal(1, commands.Connection.Open("/")), 503, 10, 40, id="connection's method on a channel"
        ),
        pytest.param(
            marshal(1, commands.Basic.Deliver("t", 1, False, "", "")), 503, 60, 60, id="server's method"
        ),
    ],
)
def test_wrong_octets_end_the_connection_with_a_code(octets, code, class_id, method_id):
    def scenario(client):
        client.send(HANDSHAKE + CHANNEL_OPEN + octets)
        close = client.answers()[-1]
        assert (close.name, close.reply_code, close.class_id, close.method_id) == (
            "Connection.Close",
            code,
            class_id,
            method_id,
        )
        client.send(marshal(0, commands.Connection.CloseOk()))

    run(scenario)


def test_too_large_a_message_is_refused_before_it_has_come():
    def scenario(client):
        client.send(HANDSHAKE + CHANNEL_OPEN + PUBLISH_METHOD + header_frame(2**40))
        assert client.answers()[-1].reply_text == (
            "PRECONDITION_FAILED - message size 1099511627776 is larger than configured max size 134217728"
        )

    run(scenario)


def test_new_secret_is_taken_note_of():
    def scenario(client):
        client.send(HANDSHAKE + marshal(0, commands.Connection.UpdateSecret("new", "renewed")))
        assert names(client)[-1] == "Connection.UpdateSecretOk"

    run(scenario)


def test_channel_error_leaves_the_connection_alone():
    def scenario(client):
        client.send(HANDSHAKE + CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, "nope", passive=True)))
        close = client.answers()[-1]
        assert (close.name, close.reply_code, close.class_id, close.method_id) == (
            "Channel.Close",
            404,
            50,
            10,
        )
        client.send(PUBLISH + marshal(1, commands.Channel.CloseOk()) + CHANNEL_OPEN)
        assert names(client)[-1] == "Channel.OpenOk"

    run(scenario)


def test_everything_is_given_back_when_the_connection_is_lost():
    async def main():
        server = Server(Settings())
        vhost = server.vhosts["/"]
        lost, other = Client(server), Client(server)
        for client in (lost, other):
            client.send(HANDSHAKE + CHANNEL_OPEN)
        lost.send(marshal(1, commands.Queue.Declare(0, "mine", exclusive=True)))
        lost.send(marshal(1, commands.Queue.Declare(0, "q"), commands.Basic.Consume(0, "q", "tag")) + PUBLISH)
        lost.close()
        assert set(vhost.queues) == {"q"}
        other.send(marshal(1, commands.Basic.Get(0, "q")))
        assert other.answers()[-1].redelivered
        other.close()
        assert not server.connections

    asyncio.run(main())


@settings(max_examples=MAX_EXAMPLES, deadline=None)
@given(st.integers(0, len(WORK) - 1), st.integers(0, 200), st.binary(min_size=1, max_size=4), st.booleans())
def test_garbled_octets_end_one_connection_and_nothing_else(step, position, garbage, at_header):
    """No answer is prescribed; only that no defect shows and a second connection works on."""

    async def main():
        server = Server(Settings())
        victim, other = Client(server), Client(server)
        for client in (victim, other):
            client.send(HANDSHAKE)
        work = list(WORK)
        position_in_frame = position % (7 if at_header else len(work[step]))
        head, tail = work[step][:position_in_frame], work[step][position_in_frame + len(garbage) :]
        work[step] = head + garbage + tail
        victim.send(b"".join(work))
        other.send(CHANNEL_OPEN + marshal(1, commands.Queue.Declare(0, "other")) + PUBLISH)
        other.send(marshal(1, commands.Queue.Declare(0, "other", passive=True)))
        assert names(other)[-1] == "Queue.DeclareOk"
        victim.close()
        other.close()

    with Defects() as defects:
        asyncio.run(main())
    assert defects.records == []
