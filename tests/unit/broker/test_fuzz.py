# SPDX-License-Identifier: Apache-2.0
"""Some thousands of inputs of tests/fuzz; `python -m tests.fuzz 1000000` runs as many as one likes."""

import asyncio
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pamqp import commands

from minova.broker import frame
from minova.broker.server import Server, Settings
from tests.broker_wire import CHANNEL_OPEN, HANDSHAKE, PUBLISH, Client, marshal
from tests.fuzz import broker, inputs

STREAMS = 1000
MAX_EXAMPLES = 30


async def try_all(streams, piece_octets):
    fuzzed = broker.FuzzedBroker()
    try:
        for stream in streams:
            await fuzzed.try_stream(stream, piece_octets)
            fuzzed.check_witness()
        await fuzzed.clean()
    finally:
        fuzzed.close()


@pytest.mark.parametrize("piece_octets", [7, 4096])
def test_streams_of_a_seed_harm_nobody_else(piece_octets):
    streams = (inputs.make_stream(random.Random(f"suite-{number}")) for number in range(STREAMS))
    asyncio.run(try_all(streams, piece_octets))


@settings(max_examples=MAX_EXAMPLES, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 30), st.sampled_from([1, 64, 4096]))
def test_methods_in_any_order_harm_nobody_else(choices, step_count, piece_octets):
    """hypothesis makes the choices, so that it shortens what it finds; several connections share what they declared."""
    streams = [
        HANDSHAKE + inputs.PRELUDE + b"".join(inputs.make_step(choices) for _ in range(step_count))
        for _ in range(3)
    ]
    asyncio.run(try_all(streams, piece_octets))


@settings(max_examples=MAX_EXAMPLES, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_noise_harms_nobody_else(noise, after_handshake):
    head = HANDSHAKE + CHANNEL_OPEN if after_handshake else frame.PROTOCOL_HEADER
    asyncio.run(try_all([noise, head + noise], 64))


@pytest.mark.parametrize(
    ("method", "defect", "says"),
    [
        ("put", lambda *args: 1 / 0, "unhandled"),
        ("delete_queue", lambda *args: 0, "left over"),
    ],
)
def test_fuzzer_finds_a_defect_that_is_planted(method, defect, says):
    async def main():
        fuzzed = broker.FuzzedBroker()
        setattr(fuzzed.vhost, method, defect)
        try:
            await fuzzed.try_stream(HANDSHAKE + inputs.PRELUDE + PUBLISH, 4096)
            await fuzzed.clean()
        finally:
            fuzzed.close()

    with pytest.raises(broker.Failure, match=says):
        asyncio.run(main())


def test_dead_letters_of_the_firehose_come_to_an_end():
    """Found by seed 12: copies died, were delivered as dead letters and copied again, table around table."""

    async def main():
        fuzzed = broker.FuzzedBroker()
        try:
            letters = {"x-max-length": 1, "x-dead-letter-exchange": "x"}
            methods = [
                commands.Queue.Declare(0, "copies", arguments=letters),
                commands.Queue.Bind(0, "copies", "amq.rabbitmq.trace", "#"),
                commands.Basic.Consume(0, "q", no_ack=True),
            ]
            stream = HANDSHAKE + inputs.PRELUDE + marshal(1, *methods) + PUBLISH * 5
            await fuzzed.try_stream(stream, 4096)
            await fuzzed.clean()
        finally:
            fuzzed.close()

    asyncio.run(main())


@pytest.mark.parametrize(("levels", "code"), [(60, None), (70, 541), (5000, 541)])
def test_tables_within_tables_have_a_limit(levels, code):
    async def main():
        client = Client(Server(Settings()))
        table = bytes(4)
        for _ in range(levels - 1):
            field = b"\x01aF" + table
            table = len(field).to_bytes(4) + field
        content = struct.pack(">HHQH", 60, 0, 0, 0x2000) + table
        client.send(HANDSHAKE + inputs.PRELUDE + marshal(1, commands.Basic.Publish(0, "x", "a")))
        client.send(frame.encode(frame.HEADER, 1, content))
        client.close()
        return getattr(client.answers()[-1], "reply_code", None)

    assert asyncio.run(main()) == code
