# SPDX-License-Identifier: Apache-2.0
"""Real services whose messages are held back and broken: what they do about it.

A server that loses a message is taken over after [task] deadline_seconds; see docs/recovery.md.
"""

import time

import pytest

from minova.debug.client import DebugClient
from minova.trace.events import DELIVERED
from minova.trace.firehose import Firehose
from minova.trace.message import CORRUPTED
from tests.broker_process import start_broker
from tests.free_ports import free_port
from tests.killable import FAST, KillableCloud

WAIT_SECONDS = 30
RECOVERED_SECONDS = 60
OPTIONS = FAST | {"task": {"deadline_seconds": 3, "sweep_interval": 0.1, "max_takeovers": 20}}
BUILD = {"method": "build_and_run_instance"}


class DebuggedCloud(KillableCloud):
    """One of each service on a broker with its debugger."""

    def __init__(self, path, broker, management_port):
        super().__init__(path, options=OPTIONS, transport_url=broker.url)
        self.debugger = DebugClient(f"http://127.0.0.1:{management_port}/api/", broker.url)
        self.services = self.start_all("--hosts", "2")

    def said_by(self, service):
        return self.services[service].log()

    def check_built_once(self, uuid):
        """It becomes ACTIVE, and exactly one guest of it exists."""
        self.wait_for_status(uuid, "ACTIVE", RECOVERED_SECONDS)
        assert len(self.guests_of(uuid)) == 1
        self.wait_until_well()

    def strikes(self):
        return [fault["strikes"] for fault in self.debugger.faults()]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    path = tmp_path_factory.mktemp("cloud")
    management_port = free_port()
    broker = start_broker(path, management_port=management_port)
    try:
        with DebuggedCloud(path, broker, management_port) as cloud:
            yield cloud
    finally:
        broker.stop()


@pytest.fixture(autouse=True)
def no_rules(cloud):
    yield
    cloud.debugger.clear_faults()
    cloud.debugger.clear_holds()


def test_boot_waits_where_its_message_is_held(cloud):
    cloud.debugger.add_hold(**BUILD)
    uuid = cloud.boot("held")
    (held, *_) = cloud.debugger.wait_for_held(WAIT_SECONDS)

    assert held["servers"] == [uuid]
    assert held["server_names"] == ["held"]
    assert (held["kind"], held["method"]) == ("cast", "build_and_run_instance")
    assert held["sender"].startswith("minova-conductor@")
    assert held["queue"] == held["routing_key"] == f"compute.{held['hosts'][1]}"
    assert held["request_id"].startswith("req-")
    server = cloud.server(uuid)
    assert (server["status"], server["OS-EXT-STS:task_state"]) == ("BUILD", "scheduling")
    assert cloud.guests_of(uuid) == []

    def goes_on():
        # A server that waits for long is taken over, and sent again.
        return (
            cloud.server(uuid)["status"] == "ACTIVE"
            or (cloud.debugger.held() and cloud.debugger.step())
            and 0
        )

    cloud.wait_for(goes_on, "ACTIVE", RECOVERED_SECONDS)
    cloud.debugger.clear_holds()
    cloud.check_built_once(uuid)


def test_other_messages_pass_by_a_hold(cloud):
    cloud.debugger.add_hold(server="nobody")
    cloud.debugger.add_hold(host="host9")

    cloud.check_built_once(cloud.boot("free"))
    assert cloud.debugger.held() == []


def test_lost_cast_is_sent_again(cloud):
    cloud.debugger.add_fault(action="drop", count=1, **BUILD)
    cloud.check_built_once(cloud.boot("lost-cast"))

    assert cloud.strikes() == [1]


def test_lost_reply_is_a_timeout_from_which_the_boot_recovers(cloud):
    cloud.debugger.add_fault(action="drop", count=1, method="select_destinations", kinds=["reply"])
    cloud.check_built_once(cloud.boot("lost-reply"))

    assert cloud.strikes() == [1]
    assert "minova-scheduler did not answer for 2 s, asking again" in cloud.said_by("conductor")


def test_duplicated_cast_is_built_once(cloud):
    cloud.debugger.add_fault(action="duplicate", count=1, **BUILD)
    cloud.check_built_once(cloud.boot("twice"))

    assert cloud.strikes() == [1]
    cloud.wait_for(lambda: "Found duplicate message" in cloud.said_by("compute"), "a skip", WAIT_SECONDS)


def test_corrupted_cast_is_logged_by_its_receiver_and_sent_again(cloud):
    with Firehose(cloud.transport_url) as firehose:
        cloud.debugger.add_fault(action="corrupt", count=1, seed=1, **BUILD)
        cloud.check_built_once(cloud.boot("corrupted"))
        until = time.monotonic() + WAIT_SECONDS
        delivered = (event for event in firehose.events(until) if event and event.what == DELIVERED)
        corrupted = next(event.message for event in delivered if event.message.has(CORRUPTED))

    assert cloud.strikes() == [1]
    # The trace knows the other bytes again.
    assert corrupted.method == BUILD["method"]
    assert [delivery["queue"] for delivery in corrupted.delivered] == [corrupted.routing_key]
    assert "Failed to process message" in cloud.said_by("compute")


def test_delayed_cast_arrives_later(cloud):
    # Shorter than the deadline after which it would be sent again.
    cloud.debugger.add_fault(action="delay", delay_seconds=1.5, count=1, **BUILD)
    begin = time.monotonic()
    cloud.check_built_once(cloud.boot("late"))

    assert cloud.strikes() == [1]
    assert time.monotonic() - begin > 1.5
