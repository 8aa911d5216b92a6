# SPDX-License-Identifier: Apache-2.0
"""The way of a message from the exchange that it was published to, through others, to queues."""

from minova.broker import errors
from minova.broker.exchange import DirectExchange, Exchange, FanoutExchange, TopicExchange
from minova.broker.headers_exchange import HeadersExchange

_TYPES = {cls.type: cls for cls in (DirectExchange, FanoutExchange, HeadersExchange, TopicExchange)}


def exchange_class(type_name):
    """Return the class for a type's name.

    :raises errors.ConnectionException: 503 when there is none
    """
    if type_name not in _TYPES:
        raise errors.ConnectionException(503, f"unknown exchange type '{type_name}'")
    return _TYPES[type_name]


def type_names():
    return sorted(_TYPES)


def find_queues(message, source, exchanges):
    """Return the queues that a message goes to, each once, as a list; `exchanges` are the vhost's, by name."""
    if not source.leads_onwards:
        return list(source.route_message(message))
    queues, seen, waiting = {}, {source}, [source]
    while waiting:
        for destination in _destinations(message, waiting.pop(), exchanges):
            if not isinstance(destination, Exchange):
                queues[destination] = None
            elif destination not in seen:
                seen.add(destination)
                waiting.append(destination)
    return list(queues)


def _destinations(message, source, exchanges):
    found = source.route_message(message)
    if found or source.alternate not in exchanges:
        return found
    return (exchanges[source.alternate],)
