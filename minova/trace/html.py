# SPDX-License-Identifier: Apache-2.0
"""A request as one HTML file: the drawing, what each message holds, and where the time went. It needs no network."""

import importlib.resources
import json
import string
import time

from minova.trace import fields, line, svg, timing

_KINDS = {
    timing.QUEUE: "in a queue",
    timing.WORK: "at work",
    timing.ANSWER: "reply under way",
    timing.WAIT: "waited in vain",
}


def draw(request):
    """The text of the file."""
    lanes = request.lanes()
    return string.Template(_asset("page.html")).substitute(
        title=svg.safe(request.title),
        id=svg.safe(request.id),
        figures=svg.safe(_figures(request)),
        state="failed" if request.failed else "",
        style=_asset("page.css"),
        script=_asset("page.js"),
        drawing=svg.draw(request),
        timeline="\n".join(_bars(request)),
        messages=_in_script([_opened(message, lanes, request) for message in request.messages]),
    )


def _asset(name):
    return importlib.resources.files("minova.trace").joinpath("assets", name).read_text(encoding="utf-8")


def _figures(request):
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(request.begin))
    size = line.size(sum(message.size_bytes for message in request.messages))
    ending = ", failed" if request.failed else ""
    return f"{len(request.messages)} messages, {size}, {request.seconds:.3f} s, began {began}{ending}"


def _opened(message, lanes, request):
    """What the page shows of a message that is opened."""
    return {
        "id": message.unique_id,
        "kind": message.kind,
        "title": line.what(message),
        "label": svg.sentence(message, lanes, request.begin),
        "deliveries": [_delivery(delivery, message) for delivery in message.delivered],
        "notes": [note["text"] for note in message.notes],
        "fields": fields.explain(message),
        "body": message.body,
    }


def _delivery(delivery, message):
    who = f" by {delivery['process']}" if delivery.get("process") else ""
    return f"taken from {delivery['queue']}{who} after {1000 * (delivery['time'] - message.time):.1f} ms"


def _bars(request):
    whole = request.seconds or 1
    for span in timing.timeline(request):
        left = 100 * (span["begin"] - request.begin) / whole
        width = 100 * (span["end"] - span["begin"]) / whole
        milliseconds = 1000 * (span["end"] - span["begin"])
        yield (
            f'<tr class="{span["kind"]}"><th scope="row">{svg.safe(span["name"])}</th>'
            f"<td>{svg.safe(span['lane'])}</td><td>{_KINDS[span['kind']]}</td>"
            f'<td class="number">{milliseconds:.1f} ms</td>'
            f'<td class="bars"><span style="margin-left:{left:.3f}%;width:{width:.3f}%"></span></td></tr>'
        )


def _in_script(value):
    """JSON that no parser of HTML takes for the end of its script."""
    return json.dumps(value).replace("<", "\\u003c")
