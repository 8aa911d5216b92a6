# SPDX-License-Identifier: Apache-2.0
"""The exchange type `headers`: a message goes where its headers fit the arguments of the binding.

As RabbitMQ's rabbit_exchange_type_headers.erl has it; section 3.1.3.4 of AMQP 0-9-1 leaves much open.
"""

import datetime

from minova.broker import errors
from minova.broker.exchange import Exchange
from minova.broker.properties import type_name

_KINDS = ("all", "any", "all-with-x", "any-with-x")


class HeadersExchange(Exchange):
    """Every binding is looked at for every message; the routing key counts for nothing."""

    type = "headers"

    def check_binding(self, arguments):
        kind = (arguments or {}).get("x-match", "all")
        if not isinstance(kind, str):
            raise errors.precondition_failed(
                f"Invalid x-match field type {type_name(kind)} (value {kind}); expected longstr"
            )
        if kind not in _KINDS:
            raise errors.precondition_failed(
                f'Invalid x-match field value <<"{kind}">>; expected all, any, all-with-x, or any-with-x'
            )

    def route_message(self, message):
        headers = message.decode_headers()
        fitting = (destination for destination, _, arguments in self.bindings() if _fits(arguments, headers))
        return tuple(dict.fromkeys(fitting))


def _fits(arguments, headers):
    kind = arguments.get("x-match", "all")
    fields = [
        name in headers and (value is None or _comparable(value) == _comparable(headers[name]))
        for name, value in arguments.items()
        if name != "x-match" and (kind.endswith("-with-x") or not name.startswith("x-"))
    ]
    return all(fields) if kind.startswith("all") else any(fields)


def _comparable(value):
    """Return what is equal for fields that RabbitMQ takes for equal."""
    if isinstance(value, bool):
        return str(value), bool  # or it would equal a number
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, datetime.datetime):
        return int(value.timestamp())
    return value
