# SPDX-License-Identifier: Apache-2.0

import pytest

from minova.broker import errors, queue_arguments

QUEUE = "queue 'q' in vhost '/'"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"x-expires": 0}, "{value_zero,0}"),
        ({"x-expires": -1}, "{value_negative,-1}"),
        ({"x-expires": "a"}, '"expected integer, got longstr"'),
        ({"x-expires": True}, '"expected integer, got bool"'),
        ({"x-message-ttl": 2**40}, "{value_too_large,1099511627776}"),
        ({"x-queue-type": 5}, "{unacceptable_type,signedint}"),
        ({"x-queue-type": "foo"}, "\"unsupported queue type 'foo'\""),
        ({"x-queue-type": "quorum"}, "\"unsupported queue type 'quorum'\""),
        ({"x-queue-type": "stream"}, "\"unsupported queue type 'stream'\""),
    ],
)
def test_refused(arguments, reason):
    with pytest.raises(errors.ChannelException) as caught:
        queue_arguments.check(arguments, QUEUE, accept_quorum_arguments=False)
    name = next(iter(arguments))
    assert caught.value.reply_text == f"PRECONDITION_FAILED - invalid arg '{name}' for {QUEUE}: {reason}"


@pytest.mark.parametrize(
    "arguments",
    [{}, {"x-expires": 1}, {"x-message-ttl": 0}, {"x-queue-type": "classic"}, {"x-unknown": "anything"}],
)
def test_accepted(arguments):
    queue_arguments.check(arguments, QUEUE, accept_quorum_arguments=False)


@pytest.mark.parametrize("queue_type", ["quorum", "stream"])
def test_replicated_types_are_accepted_when_told_so(queue_type):
    queue_arguments.check({"x-queue-type": queue_type}, QUEUE, accept_quorum_arguments=True)


@pytest.mark.parametrize(
    ("received", "current", "difference"),
    [
        ({"x-expires": 1}, {}, "received the value '1' of type 'signedint' but current is none"),
        ({}, {"x-expires": 2**40}, "received none but current is the value '1099511627776' of type 'long'"),
        ({"x-expires": 1}, {"x-expires": 2}, "received '1' but current is '2'"),
    ],
)
def test_inequivalent(received, current, difference):
    with pytest.raises(errors.ChannelException) as caught:
        queue_arguments.compare(received, current, QUEUE)
    assert (
        caught.value.reply_text
        == f"PRECONDITION_FAILED - inequivalent arg 'x-expires' for {QUEUE}: {difference}"
    )


def test_unknown_arguments_and_the_default_type_are_no_difference():
    queue_arguments.compare({"x-queue-type": "classic"}, {"x-mine": 1}, QUEUE)
