# SPDX-License-Identifier: Apache-2.0

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands

from minova.broker import errors, message, properties


def encoded(**values):
    return commands.Basic.Properties(**values).marshal()


def test_what_the_broker_acts_upon_is_read():
    read = properties.read(
        encoded(
            expiration="1500",
            priority=7,
            reply_to="r",
            user_id="guest",
            headers={"CC": ["a", 1, "b"], "BCC": ["c"]},
        )
    )
    assert read == properties.Properties(
        expiration_seconds=1.5,
        extra_keys=("a", "b", "c"),
        has_bcc=True,
        priority=7,
        reply_to="r",
        user_id="guest",
    )


@pytest.mark.parametrize(
    ("values", "flaw"),
    [
        ({"expiration": "x1"}, "invalid expiration 'x1': no_integer"),
        ({"expiration": "1.5"}, "invalid expiration '1.5': {leftover_string,\".5\"}"),
        ({"expiration": "-1"}, "invalid expiration '-1': {value_negative,-1}"),
        (
            {"expiration": "315360000001"},
            "invalid expiration '315360000001': {value_too_large,315360000001}",
        ),
        ({"headers": {"CC": "a"}}, 'invalid message: {unacceptable_type_in_header,"CC",longstr}'),
        ({"headers": {"BCC": {}}}, 'invalid message: {unacceptable_type_in_header,"BCC",table}'),
        ({"delivery_mode": 3}, "invalid message: {delivery_mode_unknown,3}"),
    ],
)
def test_flaws_are_found(values, flaw):
    header = commands.Basic.Properties()
    for name, value in values.items():
        setattr(header, name, value)  # pamqp's constructor refuses some
    assert properties.read(header.marshal()).flaw == flaw


@pytest.mark.parametrize("expiration", ["0", "+5", "007"])
def test_expirations_that_rabbitmq_takes(expiration):
    assert properties.read(encoded(expiration=expiration)).flaw is None


def test_long_properties_are_not_remembered():
    octets = encoded(headers={"a": "x" * 300})
    assert properties.read(octets) is not properties.read(octets)


def test_properties_are_the_same_after_they_were_taken_apart():
    octets = encoded(content_type="a/b", headers={"a": [1, {"b": None}]}, priority=0, app_id="x")
    values = properties.split(octets)
    assert set(values) == {"content_type", "headers", "priority", "app_id"}
    assert properties.join(values) == octets


@given(st.binary(max_size=80))
def test_garbage_raises_nothing_but_amqp_errors(garbage):
    with contextlib.suppress(errors.ConnectionException):
        properties.read(garbage)


def test_garbage_is_an_internal_error_as_on_rabbitmq():
    with pytest.raises(errors.ConnectionException) as caught:
        properties.read(b"\x80\x00\x20ab")
    assert caught.value.code == 541


def test_empty_expiration_is_one():
    assert properties.read(b"\x01\x00\x00").flaw == "invalid expiration '': no_integer"


def test_header_is_changed_in_one_place():
    payload = message.encode_header(commands.Basic.Properties(priority=3, expiration="5", reply_to="r"), 42)
    changed = message.change_header(payload, expiration=None, reply_to=b"\x01s")
    size, read = message.decode_header(changed)
    assert (size, read.priority, read.expiration_seconds, read.reply_to) == (42, 3, None, "s")


def test_field_of_headers_is_taken_away():
    payload = message.encode_header(commands.Basic.Properties(headers={"a": 1, "BCC": ["b"]}), 0)
    changed = message.change_header(payload, headers=message.without_header(payload, "BCC"))
    assert message.Message("", "", b"", changed, b"").decode_headers() == {"a": 1}
