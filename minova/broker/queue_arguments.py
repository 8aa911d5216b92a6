# SPDX-License-Identifier: Apache-2.0
"""The optional arguments of a queue: which values are refused, when two declarations are the same."""

import logging

from minova.broker import errors

LOG = logging.getLogger(__name__)

_SERVED = ("x-expires", "x-message-ttl", "x-queue-type")
# RabbitMQ's other arguments: stored and compared as RabbitMQ does, without effect here.
_NOT_SERVED = (
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-length",
    "x-max-length-bytes",
    "x-max-priority",
    "x-overflow",
    "x-queue-mode",
    "x-single-active-consumer",
)
_LONGEST_MS = 2**32 - 1
_REPLICATED_TYPES = ("quorum", "stream")


def check(arguments, queue_description, accept_quorum_arguments):
    """:raises errors.ChannelException: 406 for a value that cannot be served"""
    for name, lowest in (("x-expires", 1), ("x-message-ttl", 0)):
        if name in arguments:
            _check_milliseconds(name, arguments[name], lowest, queue_description)
    if "x-queue-type" in arguments:
        _check_type(arguments["x-queue-type"], queue_description, accept_quorum_arguments)


def compare(received, current, queue_description):
    """:raises errors.ChannelException: 406 when an argument differs from that of the existing queue"""
    for name in _SERVED + _NOT_SERVED:
        default = "classic" if name == "x-queue-type" else None
        new, old = received.get(name, default), current.get(name, default)
        if new == old:
            continue
        new_text, old_text = (
            (_name(new), _name(old))
            if type(new) is type(old)
            else (_name_with_type(new), _name_with_type(old))
        )
        raise errors.precondition_failed(
            f"inequivalent arg '{name}' for {queue_description}: received {new_text} but current is {old_text}"
        )


def log_differences(queue):
    """Say in the log what a new queue was asked to be and is not."""
    for name in _NOT_SERVED:
        if name in queue.arguments:
            LOG.warning("%s: argument %s has no effect on this broker", queue.describe(), name)
    if queue.arguments.get("x-queue-type") in _REPLICATED_TYPES:
        LOG.warning(
            "%s: served as a classic queue in memory, although declared as %s",
            queue.describe(),
            queue.arguments["x-queue-type"],
        )


def _check_milliseconds(name, value, lowest, queue_description):
    if isinstance(value, bool) or not isinstance(value, int):
        reason = f'"expected integer, got {_type_name(value)}"'
    elif value < 0:
        reason = f"{{value_negative,{value}}}"
    elif value < lowest:
        reason = f"{{value_zero,{value}}}"
    elif value > _LONGEST_MS:
        reason = f"{{value_too_large,{value}}}"
    else:
        return
    raise _invalid(name, queue_description, reason)


def _check_type(value, queue_description, accept_quorum_arguments):
    if not isinstance(value, str):
        raise _invalid("x-queue-type", queue_description, f"{{unacceptable_type,{_type_name(value)}}}")
    if value == "classic" or (accept_quorum_arguments and value in _REPLICATED_TYPES):
        return
    raise _invalid("x-queue-type", queue_description, f"\"unsupported queue type '{value}'\"")


def _invalid(name, queue_description, reason):
    return errors.precondition_failed(f"invalid arg '{name}' for {queue_description}: {reason}")


def _name(value):
    return f"'{value}'"


def _name_with_type(value):
    return "none" if value is None else f"the value '{value}' of type '{_type_name(value)}'"


def _type_name(value):
    """Return RabbitMQ's name for a field's type."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "signedint" if -(2**31) <= value < 2**31 else "long"
    names = {
        str: "longstr",
        bytes: "longstr",
        float: "double",
        dict: "table",
        list: "array",
        type(None): "void",
    }
    return names.get(type(value), "unknown")
