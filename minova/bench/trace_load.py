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
import typing

import amqp
from pamqp import commands

from minova.broker import frame, method
from minova.broker import message as messages
from minova.trace import firehose

EXCHANGE = "minova"
CONDUCTOR, SCHEDULER, COMPUTE = "conductor", "scheduler", "compute.host1"
CONDUCTOR_REPLIES, COMPUTE_REPLIES = "reply_" + 32 * "a", "reply_" + 32 * "b"
QUEUES = (CONDUCTOR, SCHEDULER, COMPUTE, CONDUCTOR_REPLIES, COMPUTE_REPLIES)


class Sent(typing.NamedTuple):
    """One message of a boot; its size is that of the body as measured in minova."""

    sender: str
    exchange: str
    routing_key: str
    size: int
    method: str = ""
    expiration: str | None = None  # in ms; of calls
    answers: int | None = None  # the number of the call; of replies


STEPS = (
    Sent("api", EXCHANGE, CONDUCTOR, 1322, "build_instances"),
    Sent("conductor", EXCHANGE, SCHEDULER, 1426, "select_destinations", "10000"),
    Sent("scheduler", "", CONDUCTOR_REPLIES, 747, answers=1),
    Sent("conductor", EXCHANGE, COMPUTE, 2347, "build_and_run_instance"),
    Sent("compute", EXCHANGE, CONDUCTOR, 858, "instance_update", "30000"),
    Sent("conductor", "", COMPUTE_REPLIES, 203, answers=4),
    Sent("compute", EXCHANGE, CONDUCTOR, 1011, "instance_update", "30000"),
    Sent("conductor", "", COMPUTE_REPLIES, 203, answers=6),
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
        sent = STEPS[number]
        self.sender = sent.sender
        body = _body(number)
        address = method.encode_address(sent.exchange, sent.routing_key)
        publish = commands.Basic.Publish.index.to_bytes(4) + b"\0\0" + address + b"\0"
        properties = commands.Basic.Properties(
            content_type="application/json",
            content_encoding="utf-8",
            headers={},
            delivery_mode=2,
            priority=0,
            expiration=sent.expiration,
        )
        head = frame.encode(frame.METHOD, _CHANNEL, publish)
        head += frame.encode(frame.HEADER, _CHANNEL, messages.encode_header(properties, len(body)))
        self._parts = (head + frame.encode(frame.BODY, _CHANNEL, body)).split(_NO_NUMBER)

    def octets(self, boot):
        return (b"%030d" % boot).join(self._parts)


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
        """Boot so many a second; return {count, seconds, ended_at: seconds since the epoch}."""
        self._wanted, self._booted = int(rate * seconds), 0
        self._ended.clear()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for boot in range(self._wanted):
            await asyncio.sleep(max(0, begin + boot / rate - loop.time()))
            self._send(0, boot)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._ended.wait()
        return {"count": self._wanted, "seconds": loop.time() - begin, "ended_at": time.time()}

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
# Stands in a body wherever the number of the boot is to stand.
_NO_NUMBER = b"#" * _NUMBER_DIGITS


def _body(number):
    """An envelope as oslo.messaging makes it, filled up to its size."""
    sent = STEPS[number]
    content = _reply(sent) if sent.answers is not None else _request(number, sent)
    content["_unique_id"] = _id(number)
    missing = sent.size - len(_encode(content, 0))
    return _encode(content, missing)


def _request(number, sent):
    call = {"_msg_id": _id(number), "_reply_q": f"reply_{sent.sender}"} if sent.expiration else {}
    context = {
        "_context_request_id": f"req-{_NO_NUMBER.decode()}",
        "_context_sender": f"minova-{sent.sender}@host1",
    }
    return {"method": sent.method, "args": {"text": _FILLING}, **call, **context}


def _reply(sent):
    return {"result": _FILLING, "failure": None, "ending": True, "_msg_id": _id(sent.answers)}


_FILLING = "filling"


def _encode(content, size):
    inner = json.dumps(content).replace(_FILLING, "x" * size)
    return json.dumps({"oslo.version": "2.0", "oslo.message": inner}).encode()


def _id(number):
    """Of 32 digits, as those of oslo.messaging."""
    return f"{number:02}{_NO_NUMBER.decode()}"


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
