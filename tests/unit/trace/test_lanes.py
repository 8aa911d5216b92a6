# SPDX-License-Identifier: Apache-2.0
"""Each process has a lane; which process took a message is concluded from its connections."""

from tests.unit.trace import wire

ONE, TWO = "minova-conductor@one", "minova-conductor@two"


def conversation(bus, msg_id, process, number, request=wire.REQUEST):
    """The api calls the topic conductor; this process, the one of that number, answers."""
    call = wire.call("ping", "minova-api@box", msg_id, request)
    body = bus.publish(1, call, connection="api sends")
    bus.deliver(1.1, body, "conductor", f"{number} listens")
    bus.publish(
        1.2, wire.cast("tell", process, request, msg_id), key="scheduler", connection=f"{number} sends"
    )
    bus.publish(1.3, wire.reply(msg_id), "", "reply_1", connection=f"{number} sends")


def test_one_process_of_a_service_has_its_name():
    bus = wire.Wire()
    conversation(bus, "m1", ONE, 1)
    request = bus.request()
    assert request.lanes().names == ["api", "conductor", "scheduler"]
    assert request.messages[-1].sender == ONE


def test_two_processes_of_a_service_have_a_lane_each():
    bus = wire.Wire()
    conversation(bus, "m1", ONE, 1)
    conversation(bus, "m2", TWO, 2)
    lanes = bus.request().lanes()
    assert lanes.names == ["api", "conductor@one", "conductor@two", "scheduler"]
    assert [lanes.ends(message) for message in bus.request().messages if message.method == "ping"] == [
        ("api", "conductor@one"),
        ("conductor@one", "api"),
        ("api", "conductor@two"),
        ("conductor@two", "api"),
    ]


def test_who_takes_a_cast_is_known_once_the_connection_has_answered_a_call():
    bus = wire.Wire()
    conversation(bus, "m1", ONE, 1)
    conversation(bus, "m2", TWO, 2)
    body = bus.publish(2, wire.cast("build_instances", "minova-api@box", "req-2"), connection="api sends")
    bus.deliver(2.1, body, "conductor", "2 listens")
    assert bus.store.request("req-2").messages[0].delivered[0]["process"] == TWO
    assert bus.store.request("req-2").lanes().names == ["api", "conductor"]


def test_a_compute_is_named_by_its_host_whatever_the_connection_sent_before():
    bus = wire.Wire()
    body = bus.publish(0, wire.call("ping", "minova-api@box", "m1"), key="compute.host1")
    bus.deliver(0.1, body, "compute.host1", "compute listens")
    bus.publish(0.2, wire.cast("tell", "minova-compute@host2"), connection="compute sends")
    bus.publish(0.3, wire.reply("m1"), "", "reply_1", connection="compute sends")
    lanes = bus.request().lanes()
    assert lanes.ends(bus.request().messages[-1]) == ("compute.host1", "api")


def test_a_fanout_goes_to_all_of_a_topic():
    bus = wire.Wire()
    bus.publish(0, wire.cast("tell", "minova-compute@host2"), "scheduler_fanout", "", queues=["a", "b"])
    assert bus.request().lanes().ends(bus.request().messages[0]) == ("compute.host2", "scheduler")
