# SPDX-License-Identifier: Apache-2.0
"""The requests of late: found by id, server and name, and never more than there is room for."""

import threading

from minova.trace.store import NO_REQUEST, Store
from tests.unit.trace import wire


def test_a_request_is_told_by_its_server_and_what_is_done():
    request = wire.boot(wire.Wire()).request()
    assert request.title == "boot of web-1"
    assert request.servers == {wire.UUID: "web-1"}
    assert request.lanes().names == ["api", "conductor", "scheduler", "compute.host1"]
    assert round(request.seconds, 3) == 1.201
    assert not request.failed


def test_an_evacuation_is_called_so():
    bus = wire.Wire()
    bus.send(0, wire.cast("rebuild_instance", "minova-api@box", instance=wire.INSTANCE))
    assert bus.request().title == "evacuation of web-1"


def test_a_request_is_found_by_id_uuid_and_name():
    store = wire.boot(wire.Wire()).store
    for wanted in (wire.REQUEST, wire.UUID, "web-1"):
        assert store.find(wanted).id == wire.REQUEST
    assert store.find("web-2") is None


def test_all_requests_of_a_server_are_put_together():
    bus = wire.boot(wire.Wire())
    bus.send(9, wire.cast("terminate_instance", "minova-api@box", "req-2", instance=wire.INSTANCE))
    found = bus.store.find("web-1")
    assert found.title == "server web-1"
    assert len(found.messages) == 7


def test_what_is_said_of_others_in_the_same_request_is_left_out():
    """Of one of fifteen servers that were booted together explain and show told all that was said of the others."""
    bus = wire.Wire()
    uuids = [wire.UUID, "another"]
    bus.send(0, wire.cast("build_instances", "minova-api@box", instance_uuids=uuids))
    for uuid in uuids:
        bus.send(1, wire.call("instance_update", "minova-compute@host1", f"m-{uuid}", instance_uuid=uuid))
        bus.send(2, wire.reply(f"m-{uuid}"), "", "reply_1")
    bus.send(3, wire.cast("hello", "minova-api@box"))
    found = bus.store.find("another")
    assert (found.id, found.title) == ("another", "server another")
    assert [message.msg_id for message in found.messages] == ["", "m-another", "m-another", ""]
    assert len(bus.request().messages) == 6


def test_what_is_of_no_request_and_names_no_server_is_about_none():
    bus = wire.boot(wire.Wire())
    bus.send(7, wire.cast("hello", "minova-api@box", ""))
    bus.send(8, wire.cast("look", "minova-api@box", "", instance_uuid=wire.UUID))
    assert [message.method for message in bus.store.find("web-1").messages][6:] == ["look"]


def test_a_heartbeat_is_not_the_story_of_a_server():
    bus = wire.boot(wire.Wire())
    bus.send(
        9, wire.call("instances_of_hosts", "minova-compute@host1", "m9", "req-9", instance_uuids=[wire.UUID])
    )
    assert bus.store.request("req-9").servers == {}
    assert len(bus.store.find("web-1").messages) == 6


def test_the_newest_of_one_name_is_found():
    bus = wire.boot(wire.Wire())
    other = wire.INSTANCE | {"minova_object.data": {"uuid": "other", "display_name": "web-1"}}
    bus.send(9, wire.cast("terminate_instance", "minova-api@box", "req-2", instance=other))
    assert bus.store.find("web-1").id == "req-2"


def test_the_oldest_request_goes_when_there_is_no_room():
    bus = wire.Wire()
    bus.store = Store(limit=3)
    for number in range(5):
        bus.send(number, wire.cast("ping", "minova-api@box", f"req-{number}"))
    assert [request.id for request in bus.store.requests()] == ["req-2", "req-3", "req-4"]


def test_a_reply_whose_call_was_not_seen_is_kept_apart():
    bus = wire.Wire()
    bus.send(0, wire.reply("m1"), "", "reply_1")
    assert [request.id for request in bus.store.requests()] == [NO_REQUEST]


def test_a_message_is_found_by_its_id():
    bus = wire.boot(wire.Wire())
    assert bus.store.message("r-m2-").method == "instance_update"
    assert bus.store.message("nothing") is None


def test_who_waits_is_woken_by_a_change_and_told_what_changed():
    bus = wire.Wire()
    before = bus.store.version
    sender = threading.Timer(0.05, lambda: wire.boot(bus))
    sender.start()
    assert bus.store.wait_for_change(before, 20) > before
    sender.join()
    assert bus.store.changed_since(before) == [wire.REQUEST]
    assert bus.store.changed_since(bus.store.version) == []
    assert bus.store.wait_for_change(bus.store.version, 0.01) == bus.store.version


def test_a_request_with_an_open_call_goes_on():
    bus = wire.Wire()
    bus.send(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "1000"})
    assert bus.request().running_at(wire.BEGIN + 0.9)
    # A recording that ends before its caller gave up was said to be still running for ever.
    assert not bus.request().running
    bus.expire(2)
    assert not bus.request().running_at(wire.BEGIN + 9)


def test_a_held_message_goes_on_until_it_is_let_go():
    bus = wire.Wire()
    body = bus.publish(0, wire.cast("ping", "minova-api@box"))
    bus.note(1, body, "held", "conductor")
    assert bus.request().running
    bus.note(2, body, "released", "conductor")
    assert not bus.request().running


def test_the_oldest_request_goes_when_the_messages_are_too_large():
    bus = wire.Wire()
    bus.store = Store(limit_bytes=100_000)
    for number in range(4):
        bus.send(number, wire.cast("report", "minova-compute@h", f"req-{number}", pad="x" * 40_000))
    assert [request.id for request in bus.store.requests()] == ["req-2", "req-3"]
