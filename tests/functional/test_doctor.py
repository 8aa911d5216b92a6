# SPDX-License-Identifier: Apache-2.0
"""`minova doctor` on a running `minova up` of which one thing after the other is broken."""

import json
import time

import amqp
import pytest

from minova.debug.client import DebugClient
from minova.doctor import broker, queue_states
from minova.page import management
from minova.trace import firehose
from tests.up_process import UpProcess
from tests.waiting import wait_until

# Of a machine that is busy with other tests; an idle one takes under 8 s.
LONGEST_SECONDS = 40


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with UpProcess(tmp_path_factory.mktemp("doctor") / "state", "--no-page", "--hosts", "2") as running:
        yield running.wait_ready()


@pytest.fixture(scope="module")
def on_rabbitmq(tmp_path_factory, rabbitmq_url):
    state_path = tmp_path_factory.mktemp("doctor") / "rabbit"
    with UpProcess(state_path, "--no-page", "--hosts", "1", "--transport-url", rabbitmq_url) as running:
        yield running.wait_ready()


def examine(up):
    """The texts of findings by check, of those that are not ok."""
    done = up.minova("doctor", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["ok"] else 1), done.stderr
    wrong = {}
    for one in document["findings"]:
        if one["level"] != "ok":
            wrong[one["check"]] = f"{wrong.get(one['check'], '')} {one['text']}".strip()
    return wrong


def examine_until(up, check, words):
    """What is wrong, once the check says these words."""

    def look():
        wrong = examine(up)
        return wrong if words in wrong.get(check, "") else None

    return wait_until(look)


def wait_until_well(up):
    wait_until(lambda: not examine(up))


def address(up):
    return firehose.broker_addresses(up.record()["transport_url"])[0]


def connect(up):
    return broker.connect(address(up))


def test_a_healthy_minova_has_nothing_wrong(up):
    wait_until_well(up)
    done = up.minova("doctor")
    assert done.returncode == 0
    assert done.stdout.startswith("ok       broker      minova-broker ")
    assert done.stdout.endswith("0 errors and 0 warnings in 14 checks.\n")


def test_it_leaves_no_queue_for_answers_behind(up):
    wait_until_well(up)
    before = queues_for_answers(up)
    assert examine(up) == {}
    assert queues_for_answers(up) <= before


def queues_for_answers(up):
    record = up.record()
    topology = management.Management(record["management_url"].removesuffix("api/"), address(up))
    return {queue["name"] for queue in topology.queues() if queue["name"].startswith("reply_")}


def test_a_dead_service_with_a_message_that_waits_for_it(up):
    up.service("stop", "scheduler")
    try:
        server_id = up.create("waiting")
        # One message or more: the conductor asks again when it hears nothing.
        wrong = examine_until(up, "queues", "Queue scheduler holds ")
        assert "has no consumer: no minova-scheduler listens." in wrong["queues"]
        assert wrong["processes"] == "scheduler was stopped by you: minova service start scheduler."
        assert "minova-scheduler on" in wrong["pings"]
        assert "did not answer over RPC" in wrong["pings"]
    finally:
        up.service("start", "scheduler")
    wait_until(lambda: up.status(server_id) == "ACTIVE")
    wait_until_well(up)


def test_a_killed_service_is_well_again_by_itself(up):
    up.service("kill", "network")
    wait_until_well(up)


def test_a_paused_service_does_not_answer(up):
    up.service("pause", "compute")
    try:
        wrong = examine(up)
        assert "is paused: minova service resume compute" in wrong["processes"]
        assert "minova-compute on host1, host2 are listed as up, but did not answer" in wrong["pings"]
    finally:
        up.service("resume", "compute")
    wait_until_well(up)


def test_all_paused_and_still_an_answer_in_time(up):
    kinds = ("api", "conductor", "scheduler", "network", "compute", "broker")
    up.service("pause", *kinds)
    try:
        begin = time.monotonic()
        wrong = examine(up)
        assert time.monotonic() - begin < LONGEST_SECONDS
        assert "takes connections, but says nothing" in wrong["broker"]
        assert "No service was asked" in wrong["pings"]
        assert "the broker does not answer" in wrong["queues"]
        assert "does not answer" in wrong["api"]
        assert wrong["processes"].count("is paused") == len(kinds)
        assert "database" not in wrong
    finally:
        up.service("resume", *reversed(kinds))
    wait_until_well(up)


def test_a_stopped_broker(up):
    up.service("stop", "broker")
    try:
        assert "No broker answers at 127.0.0.1:" in examine(up)["broker"]
    finally:
        up.service("start", "broker")
    wait_until_well(up)


def test_a_message_that_nobody_takes_although_somebody_listens(up):
    """Who reads no more than one message, and never acknowledges it, is what a paused service looks like."""
    with connect(up) as connection:
        channel = connection.channel()
        channel.queue_declare("compute.host77", auto_delete=True)
        channel.basic_qos(0, 1, False)
        channel.basic_consume("compute.host77", callback=lambda message: None)
        body = json.dumps({"oslo.message": json.dumps({"_unique_id": "1", "method": "dance"})})
        for _ in range(2):
            channel.basic_publish(amqp.Message(body), routing_key="compute.host77")
        wrong = examine_until(up, "messages", "In queue compute.host77 the same message (dance) has been")
        assert "has 1 consumer" in wrong["messages"] or "although it has 1 consumer" in wrong["messages"]
    wait_until_well(up)


def test_a_queue_that_nobody_listens_to(up):
    with connect(up) as connection:
        channel = connection.channel()
        channel.queue_declare("compute.host78", auto_delete=False)
        assert "No service listens on compute.host78" in examine(up)["queues"]
        channel.queue_delete("compute.host78")
    wait_until_well(up)


@pytest.mark.parametrize("name", ["up", "on_rabbitmq"])
def test_queues_that_are_not_there_are_passed_over(request, name):
    found = queue_states.read(
        address(request.getfixturevalue(name)), ["gone", "network", "lost", "gone", "conductor"]
    )
    assert [one.name for one in found] == ["network", "conductor"]


def test_a_held_message_is_named(up):
    debugger = DebugClient(up.record()["management_url"], up.record()["transport_url"])
    debugger.add_hold(method="build_instances")
    try:
        server_id = up.create("held")
        examine_until(up, "messages", "The debugger holds build_instances in queue conductor for")
    finally:
        debugger.clear_holds()
    wait_until(lambda: up.status(server_id) == "ACTIVE")
    wait_until_well(up)


def test_on_rabbitmq_the_same_is_found(on_rabbitmq):
    done = on_rabbitmq.minova("doctor")
    assert "ok       broker      RabbitMQ " in done.stdout
    on_rabbitmq.service("stop", "scheduler")
    on_rabbitmq.create("waiting")
    wrong = examine_until(on_rabbitmq, "queues", "Queue scheduler holds ")
    assert "minova-scheduler" in wrong["pings"]
    on_rabbitmq.service("start", "scheduler")
    wait_until(lambda: not set(examine(on_rabbitmq)) - {"alarms"})


def test_a_place_without_minova_is_told_and_stays_empty(up, tmp_path):
    up_path, up.state_path = up.state_path, tmp_path / "nothing"
    try:
        done = up.minova("doctor")
    finally:
        up.state_path = up_path
    assert done.returncode == 1
    assert "There is no database" in " ".join(done.stdout.split())
    assert not (tmp_path / "nothing").exists()
