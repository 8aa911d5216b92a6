# SPDX-License-Identifier: Apache-2.0
"""The messages of boots at a fixed pace, as oslo.messaging's processes send them; see tracing.py.

One process plays all: each role has the connections that it has in minova, and the next message of a boot is sent
when the one before has been delivered. Frames are made beforehand, so that the load takes little of the machine.
The process ends when its standard input does.
"""

import asyncio
import json
import sys
import time

import amqp
from pamqp import commands

from minova.broker import frame, method
from minova.broker import message as messages
from minova.trace import firehose

EXCHANGE = "minova_bench_trace"
CONDUCTOR, SCHEDULER, COMPUTE = (f"{EXCHANGE}_{role}" for role in ("conductor", "scheduler", "compute.host1"))
CONDUCTOR_REPLIES, COMPUTE_REPLIES = (f"reply_{EXCHANGE}_{role}" for role in ("conductor", "compute"))
QUEUES = (CONDUCTOR, SCHEDULER, COMPUTE, CONDUCTOR_REPLIES, COMPUTE_REPLIES)
# Of a boot: sender, exchange, routing key, expiration in ms or None, size of the body as measured in minova.
STEPS = (
    ("api", EXCHANGE, CONDUCTOR, None, 1322),
    ("conductor", EXCHANGE, SCHEDULER, "10000", 1426),
    ("scheduler", "", CONDUCTOR_REPLIES, None, 747),
    ("conductor", EXCHANGE, COMPUTE, None, 2347),
    ("compute", EXCHANGE, CONDUCTOR, "30000", 858),
    ("conductor", "", COMPUTE_REPLIES, None, 203),
    ("compute", EXCHANGE, CONDUCTOR, "30000", 1011),
    ("conductor", "", COMPUTE_REPLIES, None, 203),
)
_CHANNEL = 1
_PATIENCE_SECONDS = 30
_DELIVER = commands.Basic.Deliver.index.to_bytes(4)


class Link(asyncio.Protocol):
    """One connection whose handshake is over; counts confirms, acknowledges and hands on what is delivered."""

    def __init__(self, delivered):
        self._delivered = delivered
        self._reader = frame.FrameReader(2**31)
        self._transport = None

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        for kind, _, payload in self._reader.frames(data):
            if kind == frame.METHOD and payload[:4] == _DELIVER:
                tag_at = 5 + payload[4]
                tag = int.from_bytes(payload[tag_at : tag_at + 8])
                self._transport.write(method.encode_ack(_CHANNEL, tag))
            elif kind == frame.BODY:
                self._delivered(payload)

    def write(self, octets):
        self._transport.write(octets)

    def close(self):
        self._transport.close()


class Step:
    """One message of a boot, ready but for the number of the boot."""

    def __init__(self, number):
        self.sender, exchange, key, expiration, size = STEPS[number]
        body, self._at = _body(number, size)
        address = method.encode_address(exchange, key)
        publish = commands.Basic.Publish.index.to_bytes(4) + b"\0\0" + address + b"\0"
        properties = commands.Basic.Properties(
            content_type="application/json",
            content_encoding="utf-8",
            headers={},
            delivery_mode=2,
            priority=0,
            expiration=expiration,
        )
        head = frame.encode(frame.METHOD, _CHANNEL, publish)
        head += frame.encode(frame.HEADER, _CHANNEL, messages.encode_header(properties, len(body)))
        octets = head + frame.encode(frame.BODY, _CHANNEL, body)
        at = len(head) + 7 + self._at
        self._before, self._after = octets[:at], octets[at + _NUMBER_DIGITS :]

    def octets(self, boot):
        return b"%b%030d%b" % (self._before, boot, self._after)


class Load:
    """All roles; `run` boots at a pace."""

    def __init__(self, transport_url):
        self._address = firehose.broker_addresses(transport_url)[0]
        self._steps = [Step(number) for number in range(len(STEPS))]
        self._senders = {}
        self._booted = 0
        self._ended = asyncio.Event()
        self._wanted = 0

    async def start(self):
        for queue in QUEUES:
            await self._link(queue)
        for role in {step.sender for step in self._steps}:
            self._senders[role] = await self._link()

    async def run(self, rate, seconds):
        """Boot so many a second; return {count, seconds}."""
        self._wanted, self._booted = int(rate * seconds), 0
        self._ended.clear()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for boot in range(self._wanted):
            await asyncio.sleep(max(0, begin + boot / rate - loop.time()))
            self._send(0, boot)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._ended.wait()
        return {"count": self._wanted, "seconds": loop.time() - begin}

    def _send(self, number, boot):
        step = self._steps[number]
        self._senders[step.sender].write(step.octets(boot))

    def _delivered(self, body):
        at = body.index(_MARK) + len(_MARK)
        number, boot = int(body[at : at + 2]), int(body[at + 2 : at + 2 + _NUMBER_DIGITS])
        if number + 1 < len(STEPS):
            self._send(number + 1, boot)
            return
        self._booted += 1
        if self._booted == self._wanted:
            self._ended.set()

    async def _link(self, queue=None):
        sock = _log_in(self._address, queue)
        _, link = await asyncio.get_running_loop().create_connection(lambda: Link(self._delivered), sock=sock)
        return link


_MARK = b'_unique_id\\": \\"'
_NUMBER_DIGITS = 30


def _body(number, size):
    """(an envelope of that size, where in it the number of the boot stands)."""
    content = {"method": "bench", "args": {"text": ""}, "_unique_id": f"{number:02}" + "0" * _NUMBER_DIGITS}

    def encode():
        return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(content)}).encode()

    content["args"]["text"] = "x" * (size - len(encode()))
    body = encode()
    return body, body.index(_MARK) + len(_MARK) + 2


def _log_in(address, queue):
    """The socket of a connection with a channel that consumes from a queue, or without one has confirms on."""
    connection = connect(address)
    channel = connection.channel(_CHANNEL)
    channel.exchange_declare(EXCHANGE, "topic", auto_delete=False)
    if queue is None:
        channel.confirm_select()
    else:
        channel.queue_declare(queue, auto_delete=False)
        channel.queue_bind(queue, EXCHANGE, queue)
        channel.basic_consume(queue)
    sock = connection.transport.sock
    connection.transport.sock = None  # so that nobody else closes it
    sock.setblocking(False)
    return sock


def connect(address):
    """An open amqp.Connection without heartbeats."""
    connection = amqp.Connection(
        host=f"{address.host}:{address.port}",
        userid=address.user,
        password=address.password,
        virtual_host=address.virtual_host,
        heartbeat=0,
    )
    connection.connect()
    return connection


async def _serve(transport_url):
    """For each `RATE SECONDS` that is read, print what was done and the process's CPU seconds for it."""
    load = Load(transport_url)
    await load.start()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        rate, seconds = map(float, line.split())
        before = time.process_time()
        done = await load.run(rate, seconds)
        print(json.dumps(done | {"cpu_seconds": time.process_time() - before}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.argv[1])["transport_url"]))
