# SPDX-License-Identifier: Apache-2.0
"""Where the time of a request went: in a queue, in work, on the way of a reply, or in waiting for nobody."""

from minova.trace.message import CALL, CAST, FANOUT, REPLY, TIMED_OUT

QUEUE, WORK, ANSWER, WAIT = "queue", "work", "reply", "wait"


def timeline(request):
    """[{"name", "kind", "begin", "end", "message": unique_id, "lane"}], seconds since the epoch, by their begin.

    `queue`: from the publication of a message until a consumer has it. `work`: from then until the consumer
    answers, or for a cast until the last message that it then sends. `reply`: the way of the answer. `wait`: a
    caller waits in vain.
    """
    lanes = request.lanes()
    replies = {}
    for message in request.messages:
        if message.kind == REPLY:
            replies.setdefault(message.msg_id, []).append(message)
    spans = [span for message in request.messages for span in _spans(message, request, replies, lanes)]
    return sorted(spans, key=lambda span: span["begin"])


def _spans(message, request, replies, lanes):
    taken = _taken(message)
    if message.kind == REPLY:
        # Signs of life are no part of the way of an answer.
        return [_span(message, lanes, ANSWER, message.time, taken or message.time)] if message.ending else []
    spans = [] if taken is None else [_span(message, lanes, QUEUE, message.time, taken)]
    if message.kind == CALL:
        spans += _work_of_call(message, lanes, taken, replies.get(message.msg_id, []))
    elif message.kind in (CAST, FANOUT) and taken is not None:
        spans.append(_span(message, lanes, WORK, taken, _end_of_cast(message, lanes, taken, request)))
    return spans


def _work_of_call(call, lanes, taken, replies):
    answer = next((reply for reply in replies if reply.ending), None)
    if answer is not None:
        return [_span(call, lanes, WORK, taken or call.time, answer.time)]
    gave_up = next((note["time"] for note in call.notes if note["what"] == TIMED_OUT), None)
    return [] if gave_up is None else [_span(call, lanes, WAIT, taken or call.time, gave_up)]


def _end_of_cast(cast, lanes, taken, request):
    """The bus does not say when a cast's work ends: it lasts at least until the receiver's last message.

    Work that the receiver was given by a later cast is that one's.
    """
    lane = lanes.ends(cast)[1]
    later = [message for message in request.messages if message.time >= taken and message is not cast]
    ends = [taken]
    for message in later:
        sender, recipient = lanes.ends(message)
        if message.kind in (CAST, FANOUT) and recipient == lane:
            break
        if sender == lane and message.kind != REPLY:
            ends.append(message.time)
        elif recipient == lane and message.kind == REPLY:
            ends.append(_taken(message) or message.time)
    return max(ends)


def _taken(message):
    """When a consumer got it first, seconds since the epoch, or None."""
    return min((delivery["time"] for delivery in message.delivered), default=None)


def _span(message, lanes, kind, begin, end):
    sender, recipient = lanes.ends(message)
    lane = sender if kind == ANSWER else recipient
    return {
        "name": message.name,
        "kind": kind,
        "begin": begin,
        "end": max(begin, end),
        "message": message.unique_id,
        "lane": lane,
    }
