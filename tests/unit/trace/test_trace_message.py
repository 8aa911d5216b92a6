# SPDX-License-Identifier: Apache-2.0
"""What is read out of oslo.messaging's envelopes."""

import json

import pytest

from minova.trace import line
from minova.trace.conversation import REMEMBERED_CALLS, Conversations
from minova.trace.message import Message, decode

UUID = "0b5c5d3a-1f6f-4a55-9f0e-2f6a1f9f4f11"
CALL = {
    "method": "select_destinations",
    "namespace": None,
    "version": "1.0",
    "args": {"spec": {"minova_object.name": "RequestSpec", "minova_object.data": {"instance_uuids": [UUID]}}},
    "_msg_id": "m1",
    "_reply_q": "reply_1",
    "_context_sender": "minova-conductor@box",
    "_context_request_id": "req-1",
}
INSTANCE = {
    "minova_object.name": "Instance",
    "minova_object.data": {"uuid": UUID, "display_name": "web-1"},
}
REPLY = {"result": {"host": "host1"}, "failure": None, "ending": True, "_msg_id": "m1"}


def envelope(content):
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(content)}).encode()


def message(content, exchange="minova", routing_key="scheduler", time=100.0):
    return decode(envelope(content), exchange, routing_key, time)


def test_a_call():
    call = message(CALL)
    assert (call.kind, call.method, call.version) == ("call", "select_destinations", "1.0")
    assert (call.sender, call.request_id, call.instances) == ("minova-conductor@box", "req-1", (UUID,))
    assert call.size_bytes == len(envelope(CALL))


def test_a_cast_has_no_msg_id():
    assert message({**CALL, "_msg_id": None}).kind == "cast"


def test_a_fanout_is_known_by_its_exchange():
    assert message({**CALL, "_msg_id": None}, exchange="scheduler_fanout", routing_key="").kind == "fanout"


def test_a_reply_is_completed_from_its_call():
    conversations = Conversations()
    call, reply = message(CALL), message(REPLY, "", "reply_1", time=100.25)
    conversations.follow(call)
    conversations.follow(reply)
    assert (reply.kind, reply.method, reply.request_id) == ("reply", "select_destinations", "req-1")
    assert reply.instances == (UUID,)
    assert line.route(reply) == "scheduler -> conductor"


def test_a_reply_whose_call_was_not_seen_is_shown_all_the_same():
    reply = message(REPLY, "", "reply_1")
    Conversations().follow(reply)
    assert line.human(reply, 100.0).split() == [
        "0.000",
        "reply",
        "?",
        "->",
        "?",
        "?",
        *line.size(reply.size_bytes).split(),
    ]


def test_a_failure_names_its_class():
    failure = json.dumps({"class": "NoValidHost", "module": "minova.exception", "message": "none", "tb": []})
    conversations = Conversations()
    conversations.follow(message(CALL))
    reply = message({**REPLY, "failure": failure}, "", "reply_1")
    conversations.follow(reply)
    assert reply.failure == "NoValidHost"
    assert "select_destinations raised NoValidHost" in line.human(reply, 100.0)


def test_a_sign_of_life_does_not_end_a_call():
    conversations = Conversations()
    conversations.follow(message(CALL))
    for ending in (False, True):
        reply = message({**REPLY, "ending": ending}, "", "reply_1")
        conversations.follow(reply)
        assert reply.method == "select_destinations"
    assert conversations._calls == {}


def test_unanswered_calls_are_forgotten_in_time():
    conversations = Conversations()
    for number in range(REMEMBERED_CALLS + 10):
        conversations.follow(message({**CALL, "_msg_id": str(number)}))
    assert len(conversations._calls) == REMEMBERED_CALLS


def test_instances_are_found_in_objects_and_arguments():
    instance = {"minova_object.name": "Instance", "minova_object.data": {"uuid": UUID, "host": None}}
    assert message({**CALL, "args": {"instances": [instance, instance]}}).instances == (UUID,)
    assert message({**CALL, "args": {"instance_uuid": UUID}}).instances == (UUID,)
    assert message({**CALL, "args": {"flavor": {"uuid": UUID}}}).instances == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"oslo.message": 7}',
        b'{"oslo.message": "["}',
        b"[" * 10000,
    ],
)
def test_what_is_not_rpc_is_other(body):
    assert decode(body, "minova", "x", 0.0).kind == "other"


def test_a_line_has_80_columns():
    cast = message(
        {**CALL, "method": "build_and_run_instance", "_msg_id": None, "args": {"pad": "x" * 3000}},
        routing_key="compute.host1",
    )
    shown = line.human(cast, 99.996)
    assert shown == "   0.004 cast   conductor -> compute.host1 build_and_run_instance         3.3 KB"
    assert len(shown) == 80


def test_json_says_all_and_can_be_read_back():
    reply = message({**CALL, "args": {"instance": INSTANCE}})
    reply.delivered.append({"queue": "scheduler", "time": 100.1})
    fields = json.loads(line.as_json(reply))
    assert fields["body"]["method"] == "select_destinations"
    assert Message.from_dict(fields) == reply


def test_what_a_later_version_wrote_is_left_out():
    fields = message(CALL).to_dict()
    assert Message.from_dict({**fields, "colour": "red"}) == message(CALL)


@pytest.mark.parametrize(
    "fields", [[], None, {}, {"time": 1.0}, {"time": 1.0, "kind": "call", "instances": 3}]
)
def test_what_is_no_message_is_refused(fields):
    with pytest.raises(ValueError, match="not a message"):
        Message.from_dict(fields)


def test_names_of_servers_are_learned():
    call = message({**CALL, "args": {"instance": INSTANCE, "instance_uuid": UUID}})
    assert (call.instances, call.names) == ((UUID,), {UUID: "web-1"})


def test_numbers_that_json_does_not_have_become_text():
    body = b'{"oslo.message": "{\\"method\\": \\"m\\", \\"args\\": {\\"x\\": NaN}}"}'
    assert decode(body, "minova", "x", 0.0).body["args"] == {"x": "NaN"}
