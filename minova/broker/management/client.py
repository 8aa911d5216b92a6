# SPDX-License-Identifier: Apache-2.0
"""An AMQP client within the broker: one channel, through memory, so that the API's users meet the same rules as others.

As on RabbitMQ, whose management plugin does the same, it is among the connections while it works.
"""

import asyncio
import contextlib

from pamqp import commands, encode, header

from minova.broker import frame, method
from minova.broker import message as messages
from minova.broker.connection import Connection

_TIMEOUT_SECONDS = 10
_CLIENT_PROPERTIES = {
    "product": "minova-broker management API",
    "capabilities": {"authentication_failure_close": True},
}


class Refused(Exception):
    """The broker closed the channel or the connection; `code` and `reply_text` are AMQP's."""

    def __init__(self, code, reply_text):
        super().__init__(code, reply_text)
        self.code = code
        self.reply_text = reply_text

    @property
    def text(self):
        """The reply text without its code's name."""
        return self.reply_text.partition(" - ")[2] or self.reply_text


@contextlib.asynccontextmanager
async def open_channel(broker, vhost_name, user_name, password, addresses):
    """A Client with an open channel.

    :param addresses: (host, port) of whom it works for, and of where that one came in
    :raises Refused: when the user may not enter the vhost
    :raises TimeoutError: when the broker does not answer, as under a memory alarm
    """
    client = Client(broker, *addresses)
    try:
        await client.open(vhost_name, user_name, password)
        yield client
    finally:
        client.close()


class Client:
    """One connection with channel 1."""

    def __init__(self, broker, peer, local):
        self._connection = Connection(broker)
        self._transport = _Transport(self._connection, self._receive, {"peername": peer, "sockname": local})
        self._reader = frame.FrameReader(2**31)
        self._replies = asyncio.Queue()
        self._incoming = None  # [method, header or None, body parts] whose content is coming

    async def open(self, vhost_name, user_name, password):
        self._connection.connection_made(self._transport)
        self._transport.deliver(frame.PROTOCOL_HEADER)
        await self._reply(0)
        response = f"\0{user_name}\0{password}"
        await self._ask(
            0, make(commands.Connection.StartOk, client_properties=_CLIENT_PROPERTIES, response=response)
        )
        limits = self._connection.server.settings
        tune_ok = commands.Connection.TuneOk(limits.channel_max, limits.frame_max, 0)
        self._send(0, tune_ok)
        await self._ask(0, make(commands.Connection.Open, virtual_host=vhost_name))
        await self.ask(commands.Channel.Open())

    async def ask(self, request):
        """Send a method and return (reply, properties, body); the latter two are None for a reply without content.

        :raises Refused: when it closes the channel
        """
        return await self._ask(1, request)

    def tell(self, request):
        """Send a method that has no reply."""
        self._send(1, request)

    async def publish(self, exchange, routing_key, properties, body):
        """Publish, with confirms on, and return whether the message went to a queue."""
        await self.ask(commands.Confirm.Select())
        self._send(
            1, make(commands.Basic.Publish, exchange=exchange, routing_key=routing_key, mandatory=True)
        )
        content = frame.encode(frame.HEADER, 1, messages.encode_header(properties, len(body)))
        room = self._connection.frame_max - frame.OVERHEAD
        parts = [frame.encode(frame.BODY, 1, body[n : n + room]) for n in range(0, len(body), room)]
        self._transport.deliver(content + b"".join(parts))
        reply, *_ = await self._reply(1)
        if isinstance(reply, commands.Basic.Return):
            await self._reply(1)
            return False
        return isinstance(reply, commands.Basic.Ack)

    def close(self):
        if not self._transport.is_closing():
            self._send(0, commands.Connection.Close(200, "", 0, 0))
        self._transport.close()

    def _receive(self, octets):
        for kind, channel_id, payload in self._reader.frames(octets):
            if kind == frame.METHOD:
                self._take_method(channel_id, method.decode_method(payload))
            elif kind == frame.HEADER:
                content = header.ContentHeader()
                content.unmarshal(payload)
                self._incoming[1] = content
                self._complete()
            elif kind == frame.BODY:
                self._incoming[2].append(payload)
                self._complete()

    def _take_method(self, channel_id, reply):
        if isinstance(reply, (commands.Basic.GetOk, commands.Basic.Return)):
            self._incoming = [reply, None, []]
        else:
            self._replies.put_nowait((reply, None, None))

    def _complete(self):
        reply, content, parts = self._incoming
        body = b"".join(parts)
        if len(body) == content.body_size:
            self._incoming = None
            self._replies.put_nowait((reply, content.properties, body))

    async def _ask(self, channel_id, request):
        self._send(channel_id, request)
        return await self._reply(channel_id)

    def _send(self, channel_id, request):
        self._transport.deliver(frame.encode(frame.METHOD, channel_id, _marshal(request)))

    async def _reply(self, channel_id):
        self._connection.flush()
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            answer = await self._replies.get()
        if isinstance(answer[0], (commands.Channel.Close, commands.Connection.Close)):
            raise Refused(answer[0].reply_code, answer[0].reply_text)
        return answer


class _Transport(asyncio.Transport):
    """Between the client and the broker's Connection, in place of a socket."""

    def __init__(self, connection, received, extra):
        super().__init__(extra)
        self._connection = connection
        self._received = received  # called with what the broker sends
        self._waiting = []  # what the client has sent while the broker does not read
        self._is_paused = False
        self._is_closing = False

    def deliver(self, octets):
        """Hand the broker what the client sends."""
        if self._is_paused:
            self._waiting.append(octets)
        elif not self._is_closing:
            self._connection.data_received(octets)

    def write(self, data):
        if not self._is_closing:
            self._received(data)

    def pause_reading(self):
        self._is_paused = True

    def resume_reading(self):
        self._is_paused = False
        waiting, self._waiting = self._waiting, []
        for octets in waiting:
            self.deliver(octets)

    def close(self):
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    abort = close

    def is_closing(self):
        return self._is_closing

    def is_reading(self):
        return not self._is_paused

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def get_write_buffer_size(self):
        return 0


def make(method_class, **fields):
    """Return a method of pamqp's whose fields are not checked: pamqp refuses names that RabbitMQ allows."""
    made = method_class()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _marshal(request):
    """Return the payload of a method's frame.

    :raises TypeError, ValueError: for a field that does not fit its type
    """
    parts = [request.index.to_bytes(4)]
    bits = []
    for name in request.attributes():
        field_type = request.amqp_type(name)
        if field_type == "bit":
            bits.append(getattr(request, name))
            continue
        parts += [_pack(bits), encode.by_type(getattr(request, name), field_type)]
        bits = []
    parts.append(_pack(bits))
    return b"".join(parts)


def _pack(bits):
    return bytes((sum(bool(bit) << n for n, bit in enumerate(bits)),)) if bits else b""
