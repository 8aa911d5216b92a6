# SPDX-License-Identifier: Apache-2.0
"""Makes events of the copies that come from the firehose: brings together what belongs to one message."""

import collections
import hashlib
import operator
import uuid

from minova.trace import deadlines, events
from minova.trace.conversation import Conversations
from minova.trace.message import CORRUPTED, NOTES, OTHER, REPLY, UNROUTED, decode
from minova.trace.processes import Processes

# Messages whose deliveries are still waited for; one that lies longer in its queue is shown as not delivered.
REMEMBERED = 10_000
# The same by size: a report of a thousand hosts is as long as a hundred other messages.
REMEMBERED_BYTES = 16 * 1024 * 1024
# Messages whose bytes were changed on their way and may still come; larger ones are not looked for.
_CORRUPTED_KEPT = 100
_CORRUPTED_BYTES = 64 * 1024
# The debugger changes at most so many octets of a body, and keeps its length.
_CHANGED_OCTETS = 8
_NO_QUEUE = "no queue is bound there: nobody will get it"
_TEXTS = {
    "held": "held in {queue} until it is let go",
    "released": "let go from {queue}",
    "dropped": "dropped on the way to {queue}",
    "delayed": "kept back on the way to {queue}",
    "duplicated": "put twice into {queue}",
    "corrupted": "its bytes were changed on the way to {queue}",
    "expired": "expired while it was held in {queue}",
    "removed": "removed from {queue} while it was held there",
    # Of the default exchange; of others an empty list of queues says it.
    "unrouted": "there is no queue {queue}: nobody will get it",
}


class Tracker:
    """Knows the messages of late."""

    def __init__(self):
        self._conversations = Conversations()
        self._deadlines = deadlines.Deadlines()
        self._processes = Processes()
        # By what they hold: a delivery repeats the message and names no id that the broker gave it.
        self._messages = collections.OrderedDict()
        self._size_bytes = 0
        # Of messages that are told of only later: RabbitMQ's channels do not wait for each other.
        self._early = collections.OrderedDict()
        self._ids = collections.OrderedDict()
        # Bodies as they were published.
        self._corrupted = collections.deque(maxlen=_CORRUPTED_KEPT)

    def published(self, body, exchange, routing_key, time, queues=(), properties=None, connection=""):
        """The events of a published message; none when it is not oslo.messaging's."""
        message = decode(body, exchange, routing_key, time, queues, properties)
        if message.kind == OTHER:
            return []
        self._name(message)
        self._conversations.follow(message)
        (self._processes.answered if message.kind == REPLY else self._processes.sent)(message, connection)
        self._deadlines.follow(message)
        digest = _digest(body)
        self._remember_message(digest, message)
        facts = self._early.pop(digest, [])
        if not queues:
            facts = [(events.NOTED, {"time": time, "what": UNROUTED, "text": _NO_QUEUE}), *facts]
        return [events.Event(events.PUBLISHED, message), *(events.happened(message, *fact) for fact in facts)]

    def delivered(self, body, queue, time, connection=""):
        """The events of a copy that says that a queue gave a message to the consumer on a connection."""
        self._recognize(body)
        message = self._messages.get(_digest(body))
        process = self._processes.took(message, connection) if message else ""
        return self._happened(body, events.DELIVERED, {"queue": queue, "time": time, "process": process})

    def noted(self, body, what, queue, time):
        """The events of a copy that only the embedded broker sends; `what` is one of NOTES."""
        if what not in NOTES:
            return []
        self._recognize(body)
        if what == CORRUPTED and len(body) <= _CORRUPTED_BYTES:
            self._corrupted.append(body)
        text = _TEXTS.get(what, what).format(queue=queue)
        return self._happened(body, events.NOTED, {"time": time, "what": what, "text": text})

    def expired(self, now):
        """The events of the calls that nobody has answered until `now`, seconds since the epoch."""
        return [events.happened(call, events.NOTED, note) for call, note in self._deadlines.expired(now)]

    def _recognize(self, body):
        """A body that is not known may be what became of one that was corrupted; from now on it is that message's."""
        if not self._corrupted or _digest(body) in self._messages:
            return
        whole = next((whole for whole in self._corrupted if _is_changed(whole, body)), None)
        message = whole and self._messages.get(_digest(whole))
        if message:
            self._remember_message(_digest(body), message)

    def _remember_message(self, digest, message):
        # The same bytes once more (published again) take the place of the first.
        known = self._messages.pop(digest, None)
        self._messages[digest] = message
        self._size_bytes += message.size_bytes - (known.size_bytes if known else 0)
        while len(self._messages) > REMEMBERED or self._size_bytes > REMEMBERED_BYTES:
            _, oldest = self._messages.popitem(last=False)
            self._size_bytes -= oldest.size_bytes

    def _name(self, message):
        """A message that is published again, as by a sender who was not sure, is a message of its own."""
        if not message.unique_id:
            message.unique_id = uuid.uuid4().hex
        times = self._ids.get(message.unique_id, 0) + 1
        _remember(self._ids, message.unique_id, times)
        if times > 1:
            message.unique_id += f"#{times}"

    def _happened(self, body, what, facts):
        digest = _digest(body)
        if digest in self._messages:
            return [events.happened(self._messages[digest], what, facts)]
        _remember(self._early, digest, [*self._early.get(digest, []), (what, facts)])
        return []


def _digest(body):
    return hashlib.blake2b(body, digest_size=16).digest()


def _is_changed(whole, body):
    return len(whole) == len(body) and sum(map(operator.ne, whole, body)) <= _CHANGED_OCTETS


def _remember(things, key, thing):
    things[key] = thing
    if len(things) > REMEMBERED:
        things.popitem(last=False)
