# SPDX-License-Identifier: Apache-2.0
"""Copies of the firehose: what stands in them, and when they go out."""

import asyncio
import datetime
import time
import types

from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands

from minova.broker import firehose, method, trace_headers
from minova.broker import message as messages
from minova.broker import properties as message_properties
from minova.broker.memory import Memory
from minova.broker.server import Settings
from minova.broker.vhost import Vhost

_WORDS = st.text(max_size=20)


def channel(name="client", number=1):
    connection = types.SimpleNamespace(name=name, user=types.SimpleNamespace(name="guest"))
    return types.SimpleNamespace(connection=connection, id=number, trace_fields=None)


def message(exchange="minova", key="a.b", body=b"body", **properties):
    header = messages.encode_header(commands.Basic.Properties(**properties), len(body))
    address = method.encode_address(exchange, key)
    return messages.Message(exchange, key, address, header, body, message_properties.read(header[12:]))


class Traced:
    """A vhost and a queue that gets its copies."""

    def __init__(self, *patterns):
        self.vhost = Vhost("/", Settings(), Memory(2**30))
        self.tracer = self.listen("tracer", *patterns or "#")

    def listen(self, name, *patterns):
        owner = types.SimpleNamespace(owned_queues=set())
        flags = {"durable": False, "exclusive": False, "auto_delete": False, "arguments": {}}
        queue = self.vhost.declare_queue(name, owner, **flags)
        for pattern in patterns:
            self.vhost.bind(firehose.EXCHANGE_NAME, queue, pattern, {})
        return queue

    def copies(self, queue=None):
        """Send what waits, and take what has come."""
        self.vhost.firehose.flush()
        taken = []
        while (entry := (queue or self.tracer).get(no_ack=True)) is not None:
            taken.append(entry.message)
        return taken


def in_loop(scenario):
    async def main():
        result = scenario()
        if asyncio.iscoroutine(result):
            await result

    asyncio.run(main())


def test_headers_say_what_the_message_was():
    def scenario():
        traced = Traced()
        before = time.time()
        sent = message(
            content_type="text/plain",
            headers={"k": [1, "two"]},
            delivery_mode=2,
            priority=0,
            timestamp=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
            message_type="t",
            app_id="",
        )
        traced.vhost.firehose.published(sent, ("q1", "q2"), channel("peer -> here", 7))
        (copy,) = traced.copies()
        headers = copy.decode_headers()
        assert before <= headers.pop("minova_time") / 1_000_000 <= time.time()
        assert headers.pop("node").startswith("minova@")
        assert headers == {
            "exchange_name": "minova",
            "routing_keys": ["a.b"],
            "properties": {
                "content_type": "text/plain",
                "headers": {"k": [1, "two"]},
                "delivery_mode": 2,
                "priority": 0,
                "timestamp": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
                "type": "t",
            },
            "vhost": "/",
            "connection": "peer -> here",
            "channel": 7,
            "user": "guest",
            "routed_queues": ["q1", "q2"],
        }
        assert (copy.body, messages.decode_header(copy.header)[0]) == (b"body", 4)

    in_loop(scenario)


@given(
    st.lists(_WORDS, max_size=20),
    st.dictionaries(st.sampled_from(["content_type", "reply_to", "correlation_id", "message_type"]), _WORDS),
    st.dictionaries(_WORDS, st.integers(-(2**31), 2**31) | _WORDS | st.booleans() | st.none(), max_size=5),
    st.integers(0, 65535),
)
def test_headers_are_a_table_whatever_stands_in_the_message(queues, texts, headers, number):
    sent = message(**texts, headers=headers)
    fields = (
        trace_headers.of_message(sent),
        trace_headers.of_channel(channel(number=number)),
        trace_headers.routed_queues(tuple(queues)),
    )
    content = trace_headers.content_header(4, fields, 1.5)
    copy = messages.Message("", "", b"", content, b"body", message_properties.read(content[12:]))

    read = copy.decode_headers()
    assert (read["routed_queues"], read["channel"], read["minova_time"]) == (queues, number, 1_500_000)
    expected = {"type" if name == "message_type" else name: text for name, text in texts.items() if text}
    assert read["properties"] == expected | {"headers": sent.decode_headers()}


def test_copies_go_out_together_in_the_order_of_what_happened():
    async def scenario():
        traced = Traced()
        queue = types.SimpleNamespace(name="q")
        sent = message()
        traced.vhost.firehose.published(sent, ("q",), channel())
        traced.vhost.firehose.delivered(sent, queue, False, channel())
        traced.vhost.firehose.delivered(sent, queue, True, channel())
        assert len(traced.tracer) == 0
        async with asyncio.timeout(20):
            while not len(traced.tracer):
                await asyncio.sleep(firehose.BATCH_SECONDS / 4)
        copies = traced.copies()
        assert [copy.routing_key for copy in copies] == ["publish.minova", "deliver.q", "deliver.q"]
        assert [copy.decode_headers().get("redelivered") for copy in copies] == [None, 0, 1]

    in_loop(scenario)


def test_large_messages_do_not_wait_for_each_other():
    def scenario():
        traced = Traced()
        large = message(body=bytes(1 << 20))
        traced.vhost.firehose.published(large, (), channel())
        traced.vhost.firehose.published(large, (), channel())
        assert len(traced.tracer) == 2

    in_loop(scenario)


def test_who_comes_later_hears_nothing_of_before():
    def scenario():
        traced = Traced()
        traced.vhost.firehose.published(message(key="before"), (), channel())
        late = traced.listen("late", "#")
        traced.vhost.firehose.published(message(key="after"), (), channel())
        assert len(traced.copies()) == 2
        (copy,) = traced.copies(late)
        assert copy.decode_headers()["routing_keys"] == ["after"]

    in_loop(scenario)


def test_keys_of_a_binding_choose():
    def scenario():
        traced = Traced("deliver.#")
        traced.vhost.firehose.published(message(), (), channel())
        traced.vhost.firehose.delivered(message(), types.SimpleNamespace(name="q"), False, channel())
        assert [copy.routing_key for copy in traced.copies()] == ["deliver.q"]

    in_loop(scenario)


def test_copies_wait_in_memory_that_is_counted():
    def scenario():
        traced = Traced()
        traced.vhost.firehose.published(message(body=bytes(5000)), (), channel())
        traced.vhost.firehose.flush()
        assert traced.vhost.memory.message_octets > 5000
        traced.copies()
        assert traced.vhost.memory.message_octets == 0

    in_loop(scenario)
