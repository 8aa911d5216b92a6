# SPDX-License-Identifier: Apache-2.0
"""The comparison of brokers: what is accounted for and reported, and one short run against real processes."""

import re
import socket

import amqp
import pytest

from minova.bench import accounting, brokers
from minova.bench.brokers import EMBEDDED, RABBITMQ, Work
from minova.bench.children import Child, ChildError
from minova.bench.deployment import DeploymentError
from minova.bench.embedded_broker import EmbeddedBroker
from minova.bench.report import Report
from minova.up import processes

URL = "rabbit://guest:guest@127.0.0.1:5672/bench"
# An Erlang machine that is no RabbitMQ of ours, the RabbitMQ, and somebody who has its port for it.
STATS = [
    accounting.ProcessStat(pid, name, pid, 0.0, 0)
    for pid, name in ((10, "beam.smp"), (11, "beam.smp"), (12, "docker-proxy"))
]


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
@pytest.mark.parametrize(
    ("url", "owner", "expected"),
    [
        (URL, 11, [11]),
        # Who may not look at others' processes goes by the name.
        (URL, None, [10, 11]),
        ("rabbit://guest:guest@localhost/", 11, [11]),
        (URL, 12, None),
        (URL, 99, None),
        ("rabbit://guest:guest@broker.example:5672/bench", 11, None),
    ],
)
def test_rabbitmq_is_who_listens_on_its_port_on_this_machine(url, owner, expected):
    member = brokers.rabbitmq_member(url, STATS, owner=lambda port: owner)

    assert (member and [stat.pid for stat in STATS if member(stat)]) == expected


def test_no_rabbitmq_is_found_where_none_runs():
    assert brokers.rabbitmq_member(URL, stats=[], owner=lambda port: None) is None


@pytest.mark.parametrize("url", [None, "rabbit://guest:guest@broker.example:5672/bench"])
def test_without_a_rabbitmq_here_the_comparison_is_left_out_with_a_sentence(url, tmp_path):
    report = Report({})

    brokers.compare(report, url, threads=2, directory=str(tmp_path))

    assert report.figures == []
    assert "The brokers are not compared" in report.remarks[0]
    assert list(tmp_path.iterdir()) == []


def test_turns_add_up_to_cpu_per_message_and_a_ratio_of_both_brokers():
    work = {(operation, name): Work() for operation in brokers.OPERATIONS for name in (EMBEDDED, RABBITMQ)}
    for count, seconds, cpu_seconds in ((1000, 2.0, 0.25), (3000, 6.0, 0.75)):
        work["call", EMBEDDED].add(count, seconds, cpu_seconds)
        work["call", RABBITMQ].add(count, seconds, cpu_seconds * 2)
        work["cast", EMBEDDED].add(count * 2, seconds, cpu_seconds * 3)
        work["cast", RABBITMQ].add(count * 2, seconds, cpu_seconds)

    found = {one.name: one for one in brokers.figures(work, {EMBEDDED: 1.5, RABBITMQ: 20.0})}

    assert {name: one.value for name, one in found.items()} == {
        "broker_call": 0.25,
        "rabbitmq_call": 0.5,
        "broker_call_ratio": 0.5,
        "broker_calls": 500,
        "rabbitmq_calls": 500,
        "broker_cast": 0.375,
        "rabbitmq_cast": 0.125,
        "broker_cast_ratio": 3,
        "broker_casts": 1000,
        "rabbitmq_casts": 1000,
        "broker_idle": 1.5,
        "rabbitmq_idle": 20.0,
    }
    assert found["broker_call_ratio"].reached
    assert found["broker_cast_ratio"].reached is False
    assert found["rabbitmq_call"].note == "4000 calls"


def test_calls_and_casts_are_made_and_nothing_of_them_stays_behind(tmp_path):
    with EmbeddedBroker(str(tmp_path)) as broker:
        with brokers.Pair(broker.transport_url, threads=2) as pair:
            calls, casts = pair.work("call", 0.2), pair.work("cast", 0.2)
            names = [*pair.queues(), pair.exchange]
        left = [name for name in names if _exists(broker, name)]
        pids = [stat.pid for stat in accounting.table() if broker.member(stat)]

    assert calls["count"] > 0
    assert casts["count"] > 0
    assert calls["seconds"] >= 0.2
    assert len(names) == 4
    assert left == []
    assert len(pids) == 1
    assert not processes.alive(pids[0])


def test_a_broker_that_does_not_start_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        broker = EmbeddedBroker(str(tmp_path), port=somebody.getsockname()[1])
        with pytest.raises(DeploymentError, match="in use"):
            broker.__enter__()


def test_a_process_that_fails_is_told_by_its_last_words():
    child = Child("minova.bench.broker_process", {"exchange": "x"})
    try:
        with pytest.raises(ChildError, match="broker_process failed: KeyError: 'transport_url'"):
            child.line()
    finally:
        child.stop()


def _exists(broker, name):
    """Whether a queue or exchange of this name is there."""
    port = re.search(r":(\d+)/$", broker.transport_url)[1]
    with amqp.Connection(host=f"127.0.0.1:{port}") as connection:
        for declare in (
            lambda channel: channel.queue_declare(name, passive=True),
            lambda channel: channel.exchange_declare(name, "topic", passive=True),
        ):
            try:
                declare(connection.channel())
                return True
            except amqp.NotFound:
                continue
    return False
