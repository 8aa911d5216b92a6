# SPDX-License-Identifier: Apache-2.0
"""Who was asked: the messages about a server, where a recording of the bus has them."""

import dataclasses
import datetime
import os
import time

from minova.explain.sentence import Sentence, count, duration
from minova.trace import message as kinds
from minova.trace import recording, search
from minova.trace.request import is_held

# Of a server with a long life the first and the last are told.
_FIRST, _LAST = 40, 60
# The recorder writes what it heard at once when it is quiet.
_WRITTEN_SECONDS = 1


@dataclasses.dataclass(frozen=True)
class Said:
    """Sentences on messages, and one on where they come from."""

    sentences: list
    source: str


def read(state_path, uuid, until=0.0):
    """What the recording of a state path holds of a server.

    :param until: seconds since the epoch of the last change of its records. What was said until then may not be
        written yet, and is waited for a little.
    """
    path = recording.path_in(state_path)
    _wait_written(path, until)
    if not os.path.exists(path):
        return Said([], f"There is no recording of the bus ({_short(path)}): {_RECORDS_ALONE}")
    try:
        recorded = recording.read(path)
        request = search.find(path, uuid)
    except recording.RecordingError as err:
        return Said([], f"The recording of the bus cannot be used: {err} So {_RECORDS_ALONE}")
    if request is None:
        return Said([], f"The recording {_short(path)} holds no message about it: {_RECORDS_ALONE}")
    messages = [m for m in request.messages if not m.is_bulk]
    return Said(sentences(messages), _source(path, messages, recorded.dropped_messages))


def _wait_written(path, until):
    deadline = time.monotonic() + _WRITTEN_SECONDS
    while os.path.exists(path) and os.stat(path).st_mtime <= until and time.monotonic() < deadline:
        time.sleep(0.05)


def _short(path):
    """Relative where that is shorter."""
    return min(os.path.relpath(path), path, key=len)


def sentences(messages):
    """:param messages: all of them, in the order in which they were sent."""
    replies = {m.msg_id: m for m in messages if m.kind == kinds.REPLY and m.ending}
    told = [
        _sentence(m, replies.get(m.msg_id))
        for m in messages
        if m.kind in (kinds.CALL, kinds.CAST, kinds.FANOUT)
    ]
    if len(told) <= _FIRST + _LAST:
        return told
    left_out = count(len(told) - _FIRST - _LAST, "message")
    gap = Sentence(told[_FIRST].time, "message", f"({left_out} left out here.)")
    return [*told[:_FIRST], gap, *told[-_LAST:]]


_RECORDS_ALONE = "who asked whom is told from the records alone, as far as they say it."


def _source(path, messages, dropped):
    first, last = (_clock(m.time) for m in (messages[0], messages[-1]))
    text = f"Who asked whom is from {_short(path)}: {count(len(messages), 'message')} from {first} to {last}."
    return f"{text} {count(dropped, 'older message')} had to be dropped from it." if dropped else text


def _sentence(message, reply):
    verb = {kinds.CALL: "called", kinds.CAST: "cast", kinds.FANOUT: "told all of"}[message.kind]
    sender = message.sender or "Somebody"
    if message.kind == kinds.FANOUT:
        text = f"{sender} told all {message.routing_key or message.exchange} services: {message.name}."
    else:
        text = f"{sender} {verb} {message.name}{_matter(message)} of {message.routing_key}{_outcome(message, reply)}."
    notes = [*_notes(message), *(_notes(reply) if reply else ())]
    return Sentence(message.time, "message", text, tuple(notes))


def _matter(message):
    """What a compute reports: `(task_state spawning)`."""
    arguments = message.body.get("args")
    updates = arguments.get("updates") if isinstance(arguments, dict) else None
    if not isinstance(updates, dict):
        return ""
    told = [f"{name} {updates[name] or 'none'}" for name in ("vm_state", "task_state") if name in updates]
    # Empty updates ask whether the task is still the sender's.
    return f" ({', '.join(told) or 'is the task still mine?'})"


def _outcome(message, reply):
    taken = message.delivered[0] if message.delivered else None
    if message.has(kinds.UNROUTED):
        return ", but there was no such queue: the message was lost"
    if message.has(kinds.DROPPED):
        return ", but the message was dropped on its way"
    if message.kind != kinds.CALL:
        return f", {_where(taken, message)}"
    if message.has(kinds.TIMED_OUT):
        late = f"; one came after {duration(reply.time - message.time)}" if reply else ""
        return f", {_where(taken, message)}; no answer came in time{late}"
    if reply is None:
        return f", {_where(taken, message)}; there is no answer yet"
    return _answer(message, reply)


def _answer(call, reply):
    """When the caller got it, or why not."""
    if reply.delivered:
        took = duration(reply.delivered[0]["time"] - call.time)
        return f" and got {reply.failure or 'the answer'} after {took}"
    if reply.has(kinds.DROPPED):
        fate = "the answer was dropped on its way"
    elif reply.has(kinds.UNROUTED):
        fate = "there was no queue for the answer: it was lost"
    elif is_held(reply):
        fate = "the debugger holds the answer"
    else:
        fate = "nobody has taken the answer"
    return f", which answered after {duration(reply.time - call.time)}, but {fate}"


def _where(taken, message):
    if taken is None:
        return f"which nobody has taken from queue {', '.join(message.queues) or message.routing_key}"
    waited = taken["time"] - message.time
    return f"taken after {duration(waited)}" if waited >= 0.1 else "taken at once"


def _notes(message):
    for note in message.notes:
        yield f"{_clock(note['time'])} {note['text']}"


def _clock(time):
    return f"{datetime.datetime.fromtimestamp(time, datetime.UTC):%H:%M:%S}"
