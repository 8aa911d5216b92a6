# SPDX-License-Identifier: Apache-2.0

import pytest

from minova.broker.debugger.match import Match
from minova.broker.debugger.reader import Reader
from tests.unit.broker.debugger.bodies import UUID, instance, message, reply, request

BUILD = request(args={"instance": instance()})


def fits(given, **match):
    return Match(**match).fits(Reader().read(given))


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"method": "build_and_run_instance"}, True),
        ({"method": "build_*"}, True),
        ({"method": "build_and_run_instanc?"}, True),
        ({"method": "build"}, False),
        ({"method": "[b]uild_and_run_instance"}, False),
        ({"method": "BUILD_AND_RUN_INSTANCE"}, False),
        ({"routing_key": "compute.*"}, True),
        ({"routing_key": "conductor"}, False),
        ({"exchange": "minova"}, True),
        ({"exchange": "amq.default"}, False),
        ({"host": "host1"}, True),
        ({"host": "vm"}, True),
        ({"host": "host2"}, False),
        ({"server": UUID}, True),
        ({"server": "web-?"}, True),
        ({"server": "db-1"}, False),
        ({"kinds": ("cast",)}, True),
        ({"kinds": ("call", "reply")}, False),
        ({"method": "build_*", "host": "host1", "server": "*", "kinds": ("cast",)}, True),
        ({"method": "build_*", "host": "host2"}, False),
    ],
)
def test_all_that_is_given_has_to_fit(match, expected):
    assert fits(BUILD, **match) is expected


def test_message_of_others_has_an_address_only():
    other = message(b"anything", "compute.host1")

    assert fits(other, routing_key="compute.*")
    assert not fits(other, routing_key="compute.*", method="*")
    assert not fits(other, routing_key="compute.*", kinds=("cast",))


def test_further_routing_keys_count():
    assert fits(message(b"", "a", extra_keys=("b",)), routing_key="b")


def test_fanout_is_told_by_its_exchange():
    assert fits(request(exchange="compute_fanout", key=""), kinds=("fanout",))


def test_reply_is_known_by_its_call():
    reader = Reader()
    reader.read(request("select_destinations", key="scheduler", _msg_id="m1", args={"instance": instance()}))
    answer = reader.read(reply("m1"))

    assert Match(method="select_destinations", kinds=("reply",)).fits(answer)
    assert Match(server="web-1").fits(answer)
    assert Match(host="vm", kinds=("reply",)).fits(answer)
    assert not Match(method="select_destinations").fits(answer), "a method means its requests"
    assert not Match(method="select_destinations", kinds=("reply",)).fits(reader.read(reply("m2")))


def test_sign_of_life_is_no_reply():
    reader = Reader()
    reader.read(request("select_destinations", _msg_id="m1"))
    sign = reader.read(reply("m1", ending=False))

    assert not Match(method="select_destinations", kinds=("reply",)).fits(sign)
    assert not Match(routing_key="reply_*").fits(sign)
    assert Match(method="select_destinations", kinds=("alive",)).fits(sign)


def test_server_keeps_the_name_that_a_message_told():
    reader = Reader()
    reader.read(BUILD)
    later = reader.read(request("instance_update", key="conductor", args={"instance_uuid": UUID}))

    assert Match(server="web-1").fits(later)


def test_memory_of_calls_is_bounded():
    reader = Reader()
    for number in range(10_010):
        reader.read(request("m", _msg_id=str(number)))

    by_method = Match(method="m", kinds=("reply",))
    assert not by_method.fits(reader.read(reply("9")))
    assert by_method.fits(reader.read(reply("10")))
