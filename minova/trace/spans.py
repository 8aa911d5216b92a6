# SPDX-License-Identifier: Apache-2.0
"""A request as spans with parents: who waited for whom, and which message followed from which."""

import dataclasses

from minova.trace import timing
from minova.trace.message import CALL, REPLY, TIMED_OUT

INTERNAL, CLIENT, SERVER, PRODUCER, CONSUMER = "internal", "client", "server", "producer", "consumer"


@dataclasses.dataclass
class Span:
    """A stretch of time in one process; `parent` is another's id, or "" of the root."""

    id: str
    parent: str
    name: str
    kind: str
    # The lane of the process.
    service: str
    # Seconds since the epoch.
    begin: float
    end: float
    error: str = ""
    # The message that is sent or worked on; None of the root.
    message: object = None
    notes: list = dataclasses.field(default_factory=list)


def of(request):
    """The spans of a request: the root, and for each call and cast one at its sender and one at its receiver."""
    lanes = request.lanes()
    first = lanes.ends(request.messages[0])[0] if request.messages else ""
    root = Span("root", "", request.title, INTERNAL, first, request.begin, request.end)
    spans = [root]
    answers = {
        message.msg_id: message for message in request.messages if message.kind == REPLY and message.ending
    }
    works = {span["message"]: span for span in timing.timeline(request) if span["kind"] == timing.WORK}
    for message in request.messages:
        if message.kind != REPLY:
            sent = _sent(message, answers.get(message.msg_id), lanes, spans)
            spans.append(sent)
            if work := works.get(message.unique_id):
                spans.append(_worked(message, work, sent))
    if any(span.error for span in spans):
        root.error = next(span.error for span in spans if span.error)
    return spans


def _sent(message, answer, lanes, spans):
    """From the sending until the sender has its answer; of a cast until a consumer has it."""
    sender = lanes.ends(message)[0]
    happened = [delivery["time"] for delivery in (answer or message).delivered]
    gave_up = next((note["time"] for note in message.notes if note["what"] == TIMED_OUT), None)
    end = gave_up or max([message.time, answer.time if answer else message.time, *happened])
    kind = CLIENT if message.kind == CALL else PRODUCER
    parent = _cause(sender, message.time, spans)
    error = _error(message, answer)
    return Span(
        message.unique_id,
        parent,
        f"{message.kind} {message.name}",
        kind,
        sender,
        message.time,
        end,
        error,
        message,
        message.notes,
    )


def _worked(message, work, sent):
    kind = SERVER if message.kind == CALL else CONSUMER
    return Span(
        f"{message.unique_id} work",
        sent.id,
        message.name,
        kind,
        work["lane"],
        work["begin"],
        work["end"],
        sent.error if kind == SERVER else "",
        message,
    )


def _cause(sender, time, spans):
    """The work in which the sender was when it sent: the one that it had begun last."""
    works = [span for span in spans if span.kind in (SERVER, CONSUMER) and span.service == sender]
    begun = [span for span in works if span.begin <= time and (span.kind == CONSUMER or time <= span.end)]
    return max(begun, key=lambda span: span.begin).id if begun else "root"


def _error(message, answer):
    if answer and answer.failure:
        return answer.failure
    return next(
        (note["text"] for note in message.notes if note["what"] in ("timed_out", "dropped", "unrouted")), ""
    )
