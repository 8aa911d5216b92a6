# SPDX-License-Identifier: Apache-2.0
"""The store of a durable broker: what is written, what comes back, and what happens when it cannot be written."""

import asyncio
import contextlib
import sqlite3

import pytest

from minova.broker import message as messages
from minova.broker import method, properties
from minova.broker.memory import Memory
from minova.broker.server import Settings
from minova.broker.store import StoreError, database
from minova.broker.store.store import Batch, Store, open_store
from minova.broker.vhost import Vhost

SECONDS = 60


def make_message(body=b"body", persistent=True, expiration_seconds=None):
    flags = (0x1000).to_bytes(2) + bytes([2 if persistent else 1])
    header = (60).to_bytes(2) + bytes(2) + len(body).to_bytes(8) + flags
    return messages.Message(
        "e",
        "key",
        method.encode_address("e", "key"),
        header,
        body,
        properties.read(header[12:])._replace(expiration_seconds=expiration_seconds),
    )


@contextlib.asynccontextmanager
async def vhost_of(path, name="/"):
    """A vhost as a start of the broker makes it; written and closed in the end."""
    store = open_store(path)
    vhost = Vhost(name, Settings(), Memory(2**30), store)
    store.recover({name: vhost})
    yield vhost
    await safe(store)
    await store.close()


async def safe(store):
    reached = asyncio.Event()
    store.after_commit(reached.set)
    await asyncio.wait_for(reached.wait(), SECONDS)


def declare(vhost, name="q", durable=True, **arguments):
    return vhost.declare_queue(
        name, None, durable=durable, exclusive=False, auto_delete=False, arguments=arguments
    )


def bodies(queue):
    found = []
    while entry := queue.get(no_ack=False):
        found.append(entry.message.body)
    return found


def rows(path, table):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "broker.sqlite"


def run(steps):
    asyncio.run(steps())


def test_messages_come_back_in_order_also_after_several_starts(path):
    """Positions are counted on: a second start must not sort what is new before what is old."""

    async def steps():
        for start in range(3):
            async with vhost_of(path) as vhost:
                queue = vhost.queues.get("q") or declare(vhost)
                for number in range(2):
                    queue.put(make_message(f"{start}.{number}".encode()))
                if start == 1:
                    entry = queue.get(no_ack=False)
                    queue.acknowledge([entry])
        async with vhost_of(path) as vhost:
            assert bodies(vhost.queues["q"]) == [b"0.1", b"1.0", b"1.1", b"2.0", b"2.1"]

    run(steps)


def test_transient_messages_and_queues_are_not_written(path):
    async def steps():
        async with vhost_of(path) as vhost:
            declare(vhost).put(make_message(persistent=False))
            declare(vhost, "transient", durable=False).put(make_message())
        assert (rows(path, "queues"), rows(path, "messages")) == (1, 0)

    run(steps)


def test_what_comes_and_goes_at_once_is_not_written():
    batch = Batch()
    batch.added[1] = (1,)

    del batch.added[1]

    assert batch.statements() == []


def test_a_consumed_message_is_gone_and_one_given_back_is_redelivered(path):
    async def steps():
        async with vhost_of(path) as vhost:
            queue = declare(vhost)
            for body in (b"1", b"2", b"3"):
                queue.put(make_message(body))
            await safe(vhost.store)
            first, second = queue.get(no_ack=False), queue.get(no_ack=False)
            queue.acknowledge([first])
            queue.requeue([second])
        async with vhost_of(path) as vhost:
            found = [vhost.queues["q"].get(no_ack=True) for _ in range(2)]
            assert [(entry.message.body, entry.redelivered) for entry in found] == [
                (b"2", True),
                (b"3", False),
            ]
            assert len(vhost.queues["q"]) == 0
        assert rows(path, "messages") == 0

    run(steps)


def test_a_dead_letter_leaves_one_queue_and_enters_the_other(path):
    async def steps():
        dead_letters_to = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
        async with vhost_of(path) as vhost:
            queue = declare(vhost, **dead_letters_to)
            declare(vhost, "dead")
            queue.put(make_message())
            await safe(vhost.store)
            queue.reject([queue.get(no_ack=False)])
        async with vhost_of(path) as vhost:
            assert len(vhost.queues["q"]) == 0
            assert (
                vhost.queues["dead"].get(no_ack=True).message.decode_headers()["x-death"][0]["queue"] == "q"
            )

    run(steps)


def test_a_message_that_expired_while_the_broker_was_down_does_not_come_back(path):
    async def steps():
        async with vhost_of(path) as vhost:
            queue = declare(vhost)
            queue.put(make_message(b"short", expiration_seconds=0.001))
            queue.put(make_message(b"long", expiration_seconds=3600))
            await safe(vhost.store)
        await asyncio.sleep(0.002)  # by the wall clock: it is over
        async with vhost_of(path) as vhost:
            assert bodies(vhost.queues["q"]) == [b"long"]

    run(steps)


def test_a_deleted_queue_leaves_nothing_behind(path):
    async def steps():
        async with vhost_of(path) as vhost:
            vhost.declare_exchange("e", "direct", durable=True, auto_delete=True, internal=False)
            queue = declare(vhost)
            vhost.bind("e", queue, "key", {"number": 1})
            queue.put(make_message())
            queue.put(make_message())
            await safe(vhost.store)
            queue.put(make_message())
            queue.get(no_ack=False)
            vhost.delete_queue(queue)
        assert [rows(path, table) for table in ("queues", "messages", "bindings", "exchanges")] == [0] * 4

    run(steps)


def test_a_vhost_that_is_missing_keeps_its_queues(path):
    async def steps():
        async with vhost_of(path, "mine") as vhost:
            declare(vhost).put(make_message())
        async with vhost_of(path, "other") as vhost:
            assert vhost.queues == {}
        async with vhost_of(path, "mine") as vhost:
            assert bodies(vhost.queues["q"]) == [b"body"]

    run(steps)


def test_a_full_disk_confirms_nothing_until_there_is_room_again(path, monkeypatch):
    """SQLite's own limit of pages stands for the disk: it fails with the very error."""
    monkeypatch.setattr("minova.broker.store.store._RETRY_SECONDS", 0.02)

    async def steps():
        connection = database.open_database(path)
        store = Store(connection)
        queue = declare(Vhost("/", Settings(), Memory(2**30), store))
        await safe(store)
        connection.execute("PRAGMA max_page_count = 20")
        queue.put(make_message(bytes(200_000)))
        reached = asyncio.Event()
        store.after_commit(reached.set)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reached.wait(), 0.3)
        connection.execute("PRAGMA max_page_count = 1000000")
        await asyncio.wait_for(reached.wait(), SECONDS)
        await store.close()

    run(steps)
    assert rows(path, "messages") == 1


def test_the_file_becomes_small_again(path):
    async def steps():
        async with vhost_of(path) as vhost:
            queue = declare(vhost)
            for _ in range(40):
                queue.put(make_message(bytes(1_000_000)))
            await safe(vhost.store)
            queue.purge()
            for _ in range(40):
                await safe(vhost.store)

    run(steps)
    assert path.stat().st_size < 25_000_000


def test_a_damaged_file_is_refused_and_stays_as_it_is(path):
    async def steps():
        async with vhost_of(path) as vhost:
            queue = declare(vhost)
            for number in range(500):
                queue.put(make_message(b"%d" % number * 50))

    run(steps)
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\xff" * (40960 - 8192)
    path.write_bytes(content)

    with pytest.raises(StoreError, match="cannot use .*broker.sqlite: "):
        database.open_database(path)

    assert path.read_bytes() == bytes(content)


def test_another_programs_database_is_refused(path):
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE servers (id INTEGER)")

    with pytest.raises(StoreError, match="it is not the file of a broker"):
        database.open_database(path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"cannot open .*file/broker.sqlite"):
        database.open_database(tmp_path / "file" / "broker.sqlite")
