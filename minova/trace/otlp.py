# SPDX-License-Identifier: Apache-2.0
"""Sends requests as OpenTelemetry spans over OTLP/HTTP; needs the extra `otlp`."""

import collections
import hashlib
import logging
import queue
import re
import sys
import threading
import time
import urllib.parse

from minova.trace import spans
from minova.trace.firehose import TraceError
from minova.trace.live import Gate
from minova.up import settings

_TIMEOUT_SECONDS = 5
_REMEMBERED = 10_000
# Spans: in one message, and of those that wait.
_AT_ONCE, _WAITING = 500, 10_000
_NANOSECONDS = 1_000_000_000


class OtlpView:
    """A view (see live.py) that exports each request once it is over, and what is said of it later after that.

    :raises TraceError: when the extra is not installed, or the URL is none.
    """

    def __init__(self, wanted, url):
        self._gate = Gate(wanted)
        self._exporter = _Exporter(url)
        # Request id to the Request, of those that may still go on.
        self._open = {}
        # Request id to the ids of the spans that were sent.
        self._sent = collections.OrderedDict()
        # The time of the last event, and when that came here.
        self._last, self._came = 0.0, time.monotonic()

    def show(self, taken):
        for request, _told in self._gate.sort(taken):
            self._open[request.id] = request
        now = self._now(taken)
        self._export([request for request in self._open.values() if not request.running_at(now)])

    def close(self):
        """Export what is still going on as it is now, and wait for the receiver, as far as it takes anything."""
        self._export(list(self._open.values()))
        self._exporter.close()

    def tell_dropped(self, count):
        print(f"minova trace: {count or 'some'} messages are missing in the spans.", file=sys.stderr)

    def _now(self, taken):
        """The time on the bus, which in a replay is of the past."""
        last = max((event.time for event in taken), default=0.0)
        if last > self._last:
            self._last, self._came = last, time.monotonic()
        return self._last + time.monotonic() - self._came

    def _export(self, requests):
        for request in requests:
            del self._open[request.id]
            if len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
            sent = self._sent.setdefault(request.id, set())
            new = [span for span in spans.of(request) if span.id not in sent]
            sent.update(span.id for span in new)
            self._exporter.export(request, new)


class _Exporter:
    """Sends in a thread of its own: a receiver that does not answer must not hold up what is shown."""

    def __init__(self, url):
        endpoint = _endpoint(url)
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as err:
            raise TraceError("--otlp needs OpenTelemetry: pip install 'minova[otlp]'") from err
        # It tells of each failure and of each try; we tell once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        # As it may be shown.
        self._url = settings.without_password(endpoint)
        self._exporter = OTLPSpanExporter(endpoint, timeout=_TIMEOUT_SECONDS)
        self._waiting = queue.Queue(_WAITING)
        # Whether it took the last spans; how many it did not take.
        self._takes, self._lost = True, 0
        self._closing = False
        self._thread = threading.Thread(target=self._send_all, name="otlp", daemon=True)
        self._thread.start()

    def export(self, request, new):
        for span in new:
            try:
                # A recording is faster than a receiver that takes them, which is waited for.
                self._waiting.put(_readable(span, request), block=self._takes)
            except queue.Full:
                self._lost += 1

    def close(self):
        self._closing = True
        self._waiting.put(None)
        self._thread.join()
        if self._lost:
            print(f"minova trace: {self._url} has not taken {self._lost} spans.", file=sys.stderr)

    def _send_all(self):
        ended = False
        while not ended:
            batch = self._next()
            ended = batch[-1] is None
            self._send(batch[:-1] if ended else batch)

    def _next(self):
        """What waits, the last of it None when there is no more."""
        batch = [self._waiting.get()]
        while batch[-1] is not None and len(batch) < _AT_ONCE and not self._waiting.empty():
            batch.append(self._waiting.get())
        return batch

    def _send(self, batch):
        if not batch:
            return
        # Nobody waits once more for a receiver that does not answer.
        if self._takes or not self._closing:
            self._takes = self._took(batch)
        if not self._takes:
            if not self._lost:
                print(f"minova trace: {self._url} does not take the spans.", file=sys.stderr)
            self._lost += len(batch)

    def _took(self, batch):
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            return self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - the thread's edge: older exporters raise, and without it the trace would stop
            return False


def _endpoint(url):
    """Where spans go: the URL itself, or the usual path at it.

    :raises TraceError: when it is none.
    """
    try:
        parsed = urllib.parse.urlsplit(url)
        # To ask for the port is to check it.
        usable = parsed.scheme in ("http", "https") and parsed.hostname and parsed.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise TraceError(f"{url!r} is not the URL of an OTLP receiver, such as http://127.0.0.1:4318.")
    return url if parsed.path.strip("/") else f"{url.rstrip('/')}/v1/traces"


def _readable(span, request):
    """As OpenTelemetry's SDK has it."""
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    status = (
        trace.Status(trace.StatusCode.ERROR, _whole(span.error))
        if span.error
        else trace.Status(trace.StatusCode.UNSET)
    )
    return ReadableSpan(
        _whole(span.name),
        context=_context(request, span.id),
        parent=_context(request, span.parent) if span.parent else None,
        resource=Resource({"service.name": f"minova-{_whole(span.service)}"}),
        attributes=_attributes(span, request),
        events=[
            Event(_whole(note["what"]), {"text": _whole(note["text"])}, _nanoseconds(note["time"]))
            for note in span.notes
        ],
        kind=trace.SpanKind[span.kind.upper()],
        status=status,
        start_time=_nanoseconds(span.begin),
        end_time=_nanoseconds(span.end),
        instrumentation_scope=InstrumentationScope("minova.trace"),
    )


def _context(request, span_id):
    """Ids that are the same whenever the same request is exported; that of the trace is the request id's."""
    from opentelemetry import trace

    digits = request.id.removeprefix("req-").replace("-", "")
    trace_id = int(digits, 16) if re.fullmatch("[0-9a-f]{32}", digits) else _number(request.id, 16)
    return trace.SpanContext(trace_id, _number(f"{request.id} {span_id}", 8), False, trace.TraceFlags(1))


def _number(text, size_bytes):
    return int.from_bytes(hashlib.blake2b(_whole(text).encode(), digest_size=size_bytes).digest()) or 1


def _attributes(span, request):
    """By OpenTelemetry's conventions for messaging and RPC, where these have a name."""
    attributes = {"minova.request_id": request.id}
    if message := span.message:
        attributes |= {
            "rpc.system": "oslo.messaging",
            "rpc.service": message.namespace,
            "rpc.method": message.method,
            "messaging.system": "rabbitmq",
            "messaging.destination.name": message.exchange,
            "messaging.rabbitmq.destination.routing_key": message.routing_key,
            "messaging.message.id": message.unique_id,
            "messaging.message.body.size": message.size_bytes,
        }
    texts = {name: _whole(value) if isinstance(value, str) else value for name, value in attributes.items()}
    return texts | {"minova.servers": list(map(_whole, request.servers))}


def _whole(text):
    """Without halves of characters, which JSON can hold and a span cannot."""
    return text.encode("utf-8", "replace").decode()


def _nanoseconds(seconds):
    return int(seconds * _NANOSECONDS)
