# SPDX-License-Identifier: Apache-2.0
"""The optional arguments of queues and consumers: which values are refused, what they ask for, when two are the same.

Rules and texts are those of RabbitMQ 3.10's rabbit_amqqueue.erl.
"""

import dataclasses
import logging

from minova.broker import errors
from minova.broker.properties import LONGEST_MS, type_name

LOG = logging.getLogger(__name__)

DROP_HEAD = "drop-head"
REJECT_PUBLISH = "reject-publish"
REJECT_PUBLISH_DLX = "reject-publish-dlx"

_HIGHEST_PRIORITY = 255
_REPLICATED_TYPES = ("quorum", "stream")
_OF_OTHER_TYPES = (
    "x-dead-letter-strategy",
    "x-delivery-limit",
    "x-initial-cluster-size",
    "x-max-age",
    "x-max-in-memory-bytes",
    "x-max-in-memory-length",
    "x-queue-leader-locator",
    "x-quorum-initial-group-size",
    "x-stream-max-segment-size-bytes",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Features:
    """What a queue's arguments ask for; None where they ask for nothing."""

    idle_seconds: float | None = None
    time_to_live_seconds: float | None = None
    dead_letter_exchange: str | None = None
    dead_letter_routing_key: str | None = None
    max_length: int | None = None
    max_bytes: int | None = None
    overflow: str = DROP_HEAD
    max_priority: int = 0
    single_active_consumer: bool = False
    is_bounded: bool = False


_NO_FEATURES = Features()  # one for all the queues that have none


def read(arguments):
    """Return the Features of arguments that `check` let pass."""
    if not arguments:
        return _NO_FEATURES
    return Features(
        idle_seconds=_seconds(arguments.get("x-expires")),
        time_to_live_seconds=_seconds(arguments.get("x-message-ttl")),
        dead_letter_exchange=arguments.get("x-dead-letter-exchange"),
        dead_letter_routing_key=arguments.get("x-dead-letter-routing-key"),
        max_length=arguments.get("x-max-length"),
        max_bytes=arguments.get("x-max-length-bytes"),
        overflow=arguments.get("x-overflow", DROP_HEAD),
        max_priority=arguments.get("x-max-priority", 0),
        single_active_consumer=arguments.get("x-single-active-consumer", False),
        is_bounded="x-max-length" in arguments or "x-max-length-bytes" in arguments,
    )


def check(arguments, queue_description, accept_quorum_arguments):
    """:raises errors.ChannelException: 406 for a value that cannot be served"""
    dead_letter_exchange = arguments.get("x-dead-letter-exchange", "")
    if not isinstance(dead_letter_exchange, str):
        raise errors.precondition_failed(
            f"invalid type '{type_name(dead_letter_exchange)}' for arg 'x-dead-letter-exchange' in {queue_description}"
        )
    _refuse_flaws(arguments, _flaws_of_queue(accept_quorum_arguments), queue_description)
    if arguments.get("x-queue-type") not in _REPLICATED_TYPES:
        _refuse_those_of_other_types(arguments, _OF_OTHER_TYPES, queue_description)


def check_consumer(arguments, queue_description):
    """:raises errors.ChannelException: 406 for a value that cannot be served"""
    _refuse_flaws(arguments, _FLAWS_OF_CONSUMER, queue_description)
    _refuse_those_of_other_types(arguments, ("x-stream-offset",), queue_description)


def compare(received, current, queue_description):
    """:raises errors.ChannelException: 406 when an argument differs from that of the existing queue"""
    for name in _COMPARED:
        default = "classic" if name == "x-queue-type" else None
        compare_one(name, received.get(name, default), current.get(name, default), queue_description)


def compare_one(name, received, current, description):
    """:raises errors.ChannelException: 406 when the values of an argument differ"""
    if received == current and isinstance(received, bool) == isinstance(current, bool):
        return
    if received is None or current is None:
        texts = _name_with_type(received), _name_with_type(current)
    else:
        texts = _name(received), _name(current)
    raise errors.precondition_failed(
        f"inequivalent arg '{name}' for {description}: received {texts[0]} but current is {texts[1]}"
    )


def log_differences(queue):
    """Say in the log what a new queue was asked to be and is not."""
    if queue.arguments.get("x-queue-type") in _REPLICATED_TYPES:
        LOG.warning(
            "%s: served as a classic queue in memory, although declared as %s",
            queue.describe(),
            queue.arguments["x-queue-type"],
        )


def _refuse_flaws(arguments, flaws, queue_description):
    for name, find_flaw in flaws.items():
        reason = find_flaw(arguments[name], arguments) if name in arguments else None
        if reason is not None:
            raise errors.precondition_failed(f"invalid arg '{name}' for {queue_description}: {reason}")


def _refuse_those_of_other_types(arguments, names, queue_description):
    for name in arguments:
        if name in names:
            raise errors.precondition_failed(
                f"invalid arg '{name}' for {queue_description} of queue type rabbit_classic_queue"
            )


# Each of these returns RabbitMQ's words for what is wrong with a value, or None.


def _integer(value, arguments=None):
    if isinstance(value, bool) or not isinstance(value, int):
        return f'"expected integer, got {type_name(value)}"'
    return None


def _count(value, arguments=None):
    return _integer(value) or (f"{{value_negative,{value}}}" if value < 0 else None)


def _milliseconds(value, arguments=None):
    return _count(value) or (f"{{value_too_large,{value}}}" if value > LONGEST_MS else None)


def _milliseconds_but_not_0(value, arguments=None):
    return _milliseconds(value) or ("{value_zero,0}" if value == 0 else None)


def _priority(value, arguments=None):
    return _count(value) or (f"{{max_value_exceeded,{value}}}" if value > _HIGHEST_PRIORITY else None)


def _version(value, arguments=None):
    return _count(value) or (f"\"unsupported queue version '{value}'\"" if value not in (1, 2) else None)


def _boolean(value, arguments=None):
    return None if isinstance(value, bool) else _unacceptable_type(value)


def _text(value, arguments=None):
    return None if isinstance(value, str) else _unacceptable_type(value)


def _overflow(value, arguments=None):
    known = (DROP_HEAD, REJECT_PUBLISH, REJECT_PUBLISH_DLX)
    return _text(value) or ("invalid_overflow" if value not in known else None)


def _mode(value, arguments=None):
    return _text(value) or (
        f"\"unsupported queue mode '{value}'\"" if value not in ("default", "lazy") else None
    )


def _dead_letter_routing_key(value, arguments):
    missing = "x-dead-letter-exchange" not in arguments
    return _text(value) or ("routing_key_but_no_dlx_defined" if missing else None)


def _type(value, arguments=None):
    return _text(value) or (f"\"unsupported queue type '{value}'\"" if value != "classic" else None)


def _any_known_type(value, arguments=None):
    return None if value in _REPLICATED_TYPES else _type(value)


def _unacceptable_type(value):
    return f"{{unacceptable_type,{type_name(value)}}}"


_FLAWS_OF_QUEUE = {
    "x-queue-type": _type,
    "x-expires": _milliseconds_but_not_0,
    "x-message-ttl": _milliseconds,
    "x-dead-letter-routing-key": _dead_letter_routing_key,
    "x-max-length": _count,
    "x-max-length-bytes": _count,
    "x-max-priority": _priority,
    "x-overflow": _overflow,
    "x-queue-mode": _mode,
    "x-queue-version": _version,
    "x-single-active-consumer": _boolean,
}
_FLAWS_OF_CONSUMER = {"x-priority": _integer, "x-cancel-on-ha-failover": _boolean}
_COMPARED = ("x-dead-letter-exchange", *_FLAWS_OF_QUEUE, "x-queue-master-locator")


def _flaws_of_queue(accept_quorum_arguments):
    return _FLAWS_OF_QUEUE | {"x-queue-type": _any_known_type} if accept_quorum_arguments else _FLAWS_OF_QUEUE


def _name(value):
    return f"'{str(value).lower() if isinstance(value, bool) else value}'"


def _name_with_type(value):
    return "none" if value is None else f"the value {_name(value)} of type '{type_name(value)}'"


def _seconds(milliseconds):
    return None if milliseconds is None else milliseconds / 1000
