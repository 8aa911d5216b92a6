# SPDX-License-Identifier: Apache-2.0
"""Listens to `amq.rabbitmq.trace`, where the embedded broker and RabbitMQ copy every message."""

import contextlib
import dataclasses
import math
import os
import shlex
import sys
import time
import urllib.parse

import amqp

from minova.trace import events, tracker

EXCHANGE = "amq.rabbitmq.trace"
# Of a copy of the embedded broker: microseconds since the epoch.
TIME_HEADER = "minova_time"
# What may wait for a reader who is slow or paused; then the oldest copies go, or they would fill the broker's memory.
QUEUE_BYTES = 64 * 1024 * 1024
CONNECT_SECONDS = 5
# How long a message that is sent to oneself may take to come back.
PROBE_SECONDS = 2
_READ_SECONDS = 0.2
# Copies; a message is told of twice, when it is published and when it is delivered.
LIMIT = 50_000
_PREFETCH = 2_000
_EMBEDDED_PRODUCT = "minova-broker"
# Copies that had to go are kept until they are counted; what has no room here is not.
_COUNTED_BYTES = 16 * 1024 * 1024
_LOOK_SECONDS = 1


class TraceError(Exception):
    """The firehose cannot be read; the message says why."""


@dataclasses.dataclass(frozen=True)
class BrokerAddress:
    """One broker of a transport URL."""

    host: str
    port: int
    user: str
    password: str
    virtual_host: str


def broker_addresses(transport_url):
    """The brokers of a transport URL, in its order.

    :raises TraceError: when it is not a rabbit:// URL, or none at all.
    """
    try:
        return _addresses(urllib.parse.urlsplit(transport_url), transport_url)
    except ValueError as err:
        # The URL itself holds a password.
        raise TraceError(f"The transport URL is not understood: {err}.") from err


def _addresses(parts, transport_url):
    if parts.scheme not in ("rabbit", "amqp", "kombu+amqp"):
        raise TraceError(
            f"{parts.scheme or transport_url!r} is not a transport that can be traced; rabbit:// is."
        )
    virtual_host = urllib.parse.unquote(parts.path[1:]) or "/"
    return [_address(part, virtual_host) for part in parts.netloc.split(",")]


def connect(address, connect_seconds=CONNECT_SECONDS, silence_seconds=None):
    """An open amqp.Connection to a BrokerAddress, by whose name the broker's lists show who this is.

    :param connect_seconds: how long the connection, and then each word of its greeting, is waited for.
    :param silence_seconds: how long an answer afterwards, or room for what is sent; None: without end.
    :raises OSError, amqp.exceptions.AMQPError: when it cannot be reached, or does not let us in.
    """
    host = f"[{address.host}]" if ":" in address.host else address.host
    connection = amqp.Connection(
        host=f"{host}:{address.port}",
        userid=address.user,
        password=address.password,
        virtual_host=address.virtual_host,
        connect_timeout=connect_seconds,
        read_timeout=silence_seconds,
        write_timeout=silence_seconds,
        client_properties={"connection_name": _name()},
    )
    connection.connect()
    return connection


class Firehose:
    """One connection with a queue of its own that gets a copy of every message published or delivered.

    :param limit: how many copies the broker keeps while nobody reads them here; the oldest go first. Without a limit
        a reader that is stopped would fill the broker's memory, and the broker then stops the services.
    """

    def __init__(self, transport_url, limit=LIMIT):
        self._addresses = broker_addresses(transport_url)
        self._limit = limit
        self._lost_copies = 0
        self._unacknowledged = 0
        self._next_look = 0.0
        self._tracker = tracker.Tracker()
        self._arrived = []
        self._echoes = 0
        self._stopped = False

    def __enter__(self):
        self._connection = self._connect()
        self._channel = self._connection.channel()
        self._queue = self._declare()
        for pattern in ("publish.#", "deliver.#", "minova.#"):
            self._channel.queue_bind(self._queue, EXCHANGE, pattern)
        self._consume()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, amqp.exceptions.AMQPError):
            self._connection.close()

    @property
    def virtual_host(self):
        return self._addresses[0].virtual_host

    def is_on(self):
        """Whether the broker traces: a message to our own queue comes back twice, itself and its copy."""
        self._echoes = 0
        self._channel.basic_publish(amqp.Message("{}"), exchange="", routing_key=self._queue)
        deadline = time.monotonic() + PROBE_SECONDS
        while self._echoes < 2 and time.monotonic() < deadline:
            self._drain(0.1)
        return self._echoes >= 2

    def lost_copies(self):
        """How many copies, at least, the broker had to throw away since this was last asked."""
        lost, self._lost_copies = self._lost_copies, 0
        return lost

    def stop(self):
        """End events() and messages(); to be called from another thread, which then waits for the reader."""
        self._stopped = True

    def events(self, deadline=math.inf):
        """Event after Event as they arrive, None for a moment of quiet, until time.monotonic() is `deadline`.

        :raises TraceError: when the broker closes the connection.
        """
        while not self._stopped and (left_seconds := deadline - time.monotonic()) > 0:
            self._drain(min(left_seconds, _READ_SECONDS))
            arrived, self._arrived = self._arrived, []
            yield from arrived
            yield from self._tracker.expired(time.time())
            if not arrived:
                yield None

    def messages(self, deadline=math.inf):
        """The messages of events(): each as it is published, and it goes on to learn what becomes of it."""
        for event in self.events(deadline):
            if event is None or event.what == events.PUBLISHED:
                yield event and event.message

    def _declare(self):
        """The name of the queue. What it has no room for goes to another, where it is counted.

        Nobody consumes that: the broker would tell of each delivery, and so fill the first queue again.
        """
        counted = {"x-max-length": LIMIT, "x-max-length-bytes": _COUNTED_BYTES}
        self._lost = self._channel.queue_declare("", exclusive=True, arguments=counted).queue
        arguments = {
            "x-max-length": self._limit,
            "x-max-length-bytes": QUEUE_BYTES,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self._lost,
        }
        return self._channel.queue_declare("", exclusive=True, auto_delete=True, arguments=arguments).queue

    def _consume(self):
        """Have copies sent, no more of them at a time than the limit of the queue allows for.

        RabbitMQ wants acknowledgements for that: without them all would leave the queue for the socket at once.
        minova-broker sends what the socket takes, and each copy that is not acknowledged costs it less.
        """
        self._acknowledges = self._connection.server_properties.get("product") != _EMBEDDED_PRODUCT
        self._prefetch = min(_PREFETCH, self._limit)
        self._channel.basic_qos(0, self._prefetch, False)
        self._channel.basic_consume(self._queue, no_ack=not self._acknowledges, callback=self._receive)

    def _look_for_losses(self):
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_SECONDS
        if self._channel.queue_declare(self._lost, passive=True).message_count:
            self._lost_copies += self._channel.queue_purge(self._lost)

    def _connect(self):
        reasons = []
        for address in self._addresses:
            try:
                return connect(address)
            except (OSError, amqp.exceptions.AMQPError) as err:
                reasons.append(f"{address.host}:{address.port} ({_reason(err)})")
        raise TraceError(f"No broker lets us in at {', '.join(reasons)}. Is minova up running?")

    def _drain(self, timeout_seconds):
        try:
            self._look_for_losses()
            self._connection.drain_events(timeout=timeout_seconds)
        except TimeoutError:
            self._acknowledge()
        except (OSError, amqp.exceptions.AMQPError) as err:
            raise TraceError(f"The broker has closed the connection ({_reason(err)}).") from err

    def _acknowledge(self):
        if self._unacknowledged:
            self._channel.basic_ack(self._last_tag, multiple=True)
            self._unacknowledged = 0

    def _receive(self, delivery):
        info = delivery.delivery_info
        if self._acknowledges:
            self._last_tag = info["delivery_tag"]
            self._unacknowledged += 1
            if self._unacknowledged * 2 >= self._prefetch:
                self._acknowledge()
        headers = delivery.headers or {}
        routing_key = (headers.get("routing_keys") or [""])[0]
        if info["exchange"] != EXCHANGE:
            self._echoes += 1
        elif routing_key == self._queue:
            # Of our probe: its publication counts, its delivery does not.
            self._echoes += info["routing_key"].startswith("publish.")
        else:
            body = delivery.body if isinstance(delivery.body, bytes) else delivery.body.encode()
            self._arrived += self._happened(info["routing_key"], headers, routing_key, body)

    def _happened(self, key, headers, routing_key, body):
        """The events of one copy, whose own routing key says what it is a copy of."""
        kind, _, name = key.partition(".")
        now, connection = _time(headers), headers.get("connection", "")
        if kind == "publish":
            exchange, queues = headers.get("exchange_name", ""), headers.get("routed_queues") or ()
            return self._tracker.published(
                body, exchange, routing_key, now, queues, _plain(headers.get("properties")), connection
            )
        if kind == "deliver":
            return self._tracker.delivered(body, name, now, connection)
        what, _, queue = name.partition(".")
        return self._tracker.noted(body, what, queue, now)


def _time(headers):
    """When it happened, seconds since the epoch; of RabbitMQ, which does not say, the present."""
    microseconds = headers.get(TIME_HEADER)
    return microseconds / 1_000_000 if isinstance(microseconds, int) else time.time()


def _plain(value):
    """A table of AMQP in types that JSON has."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def off_hint(virtual_host):
    """What to type when the broker copies nothing."""
    option = "" if virtual_host == "/" else f" -p {shlex.quote(virtual_host)}"
    return (
        "The broker does not copy its messages to the firehose. On RabbitMQ's machine type, as root:\n"
        f"  rabbitmqctl trace_on{option}\n"
        f"and afterwards, since it costs time: rabbitmqctl trace_off{option}"
    )


def _address(part, virtual_host):
    parsed = urllib.parse.urlsplit(f"//{part}")
    user, password = parsed.username, parsed.password
    return BrokerAddress(
        host=parsed.hostname or "127.0.0.1",
        port=parsed.port or 5672,
        user=urllib.parse.unquote(user) if user is not None else "guest",
        password=urllib.parse.unquote(password) if password is not None else "guest",
        virtual_host=virtual_host,
    )


def _name():
    """As oslo.messaging names its own connections."""
    return f"{os.path.basename(sys.argv[0])}:{os.getpid()}"


def _reason(err):
    return (
        getattr(err, "reply_text", None) or getattr(err, "strerror", None) or str(err) or type(err).__name__
    )
