# SPDX-License-Identifier: Apache-2.0
"""Dead letters: messages that a queue gave up, on their way to its x-dead-letter-exchange.

The rules are those of RabbitMQ's rabbit_dead_letter.erl: a header `x-death` counts deaths by queue and reason, and a
message that would come back to a queue without anybody's rejecting it in between is dropped.
"""

import collections
import logging
import time

from minova.broker import field_table, method, properties
from minova.broker import message as messages

LOG = logging.getLogger(__name__)

EXPIRED = "expired"
MAXLEN = "maxlen"
REJECTED = "rejected"


class DeadLetters:
    """Those of one vhost; one at a time, or a chain of queues would be a recursion as deep."""

    def __init__(self, vhost):
        self._vhost = vhost
        self._waiting = collections.deque()
        self._is_sending = False
        self._known_cycles = set()

    def send(self, message, queue, reason):
        """Publish a message that a queue gave up, if the queue has a dead letter exchange and that exists."""
        if queue.features.dead_letter_exchange is None:
            return
        self._waiting.append((message, queue, reason))
        if self._is_sending:
            return
        self._is_sending = True
        try:
            while self._waiting:
                self._publish(*self._waiting.popleft())
        finally:
            self._is_sending = False

    def _publish(self, message, queue, reason):
        source = self._vhost.exchanges.get(queue.features.dead_letter_exchange)
        if source is None:
            return
        letter = make(message, queue.name, reason, source.name, queue.features.dead_letter_routing_key)
        targets = self._vhost.find_queues(letter, source)
        if reason != REJECTED:
            deaths = _deaths(messages.split_headers(letter.header))
            for target in [target for target in targets if _is_cycle(target.name, deaths)]:
                targets.remove(target)
                self._log_cycle([target.name, *(_text(death, "queue") for death in deaths)])
        self._vhost.put(letter, targets)

    def _log_cycle(self, names):
        if tuple(names) not in self._known_cycles:
            self._known_cycles.add(tuple(names))
            LOG.warning(
                "vhost '%s': dropped a message in a cycle of dead letter queues: %s", self._vhost.name, names
            )


def make(message, queue_name, reason, exchange_name, routing_key=None):
    """Return the dead letter of a message: other address, no expiration, one death more in its headers."""
    parts = properties.split(message.header[12:])
    headers = field_table.split(parts["headers"]) if "headers" in parts else {}
    death = {
        "reason": field_table.long_string(reason),
        "queue": field_table.long_string(queue_name),
        "time": field_table.timestamp(int(time.time())),
        "exchange": field_table.long_string(message.exchange),
        "routing-keys": field_table.array(map(field_table.long_string, _visible_keys(message, headers))),
    }
    if "expiration" in parts:
        death["original-expiration"] = field_table.long_string(parts["expiration"][1:].decode())
    _add_death(headers, death)
    keys = message.routing_keys
    if routing_key is not None:
        keys = [routing_key]
        headers.pop("CC", None)
    header = messages.change_header(message.header, headers=field_table.join(headers), expiration=None)
    return messages.Message(
        exchange_name,
        keys[0],
        method.encode_address(exchange_name, method.shorten(keys[0])),
        header,
        message.body,
        message.properties._replace(expiration_seconds=None, extra_keys=tuple(keys[1:])),
    )


def _visible_keys(message, headers):
    carbon_copies = field_table.value(headers.get("CC")) or []
    return [message.routing_key, *(key for key in carbon_copies if isinstance(key, str))]


def _add_death(headers, death):
    """Put a death first in x-death, or count it there if the queue gave the message up before for this reason."""
    if "x-death" not in headers:
        for name in ("reason", "queue", "exchange"):
            headers[f"x-first-death-{name}"] = death[name]
    earlier = [field for field in _deaths(headers) if isinstance(field, dict)]
    same = [other for other in earlier if _cause(other) == _cause(death)]
    others = [other for other in _one_of_each(earlier) if _cause(other) != _cause(death)]
    if same:
        death = dict(same[0])
    count = field_table.value(death.get("count")) if same else 0
    death = {"count": field_table.long((count or 0) + 1)} | {k: v for k, v in death.items() if k != "count"}
    headers["x-death"] = field_table.array(map(field_table.table, [death, *others]))


def _deaths(headers):
    """Return the deaths in x-death: {name: field} of each, or the field itself of what is no table."""
    encoded = headers.get("x-death", b"")
    if not encoded.startswith(field_table.ARRAY):
        return []
    return [
        field_table.split(field[1:]) if field.startswith(field_table.TABLE) else field
        for field in field_table.split_array(encoded)
    ]


def _one_of_each(deaths):
    # Of two and more RabbitMQ turns the order about, each time.
    return list({_cause(death): death for death in reversed(deaths)}.values())


def _cause(death):
    return death.get("queue"), death.get("reason")


def _is_cycle(queue_name, deaths):
    """Whether a message comes back to a queue without having been rejected since."""
    since = []
    for death in deaths:
        if not isinstance(death, dict):
            return False
        since.append(_text(death, "reason"))
        if _text(death, "queue") == queue_name:
            return REJECTED not in since
    return False


def _text(death, name):
    return field_table.value(death.get(name)) if isinstance(death, dict) else None
