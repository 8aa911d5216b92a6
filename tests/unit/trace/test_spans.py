# SPDX-License-Identifier: Apache-2.0
"""Spans have the parents that the calls had, and a real receiver of OTLP understands them."""

import http.server
import socket
import sys
import threading
import time

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from minova.trace import otlp, spans
from minova.trace.filters import Filter
from minova.trace.firehose import TraceError
from tests.unit.trace import wire
from tests.waiting import wait_until

REQUEST = "req-0b5c5d3a-1f6f-4a55-9f0e-2f6a1f9f4f11"


def tree(found):
    """{name and kind: the same of the parent}"""
    names = {span.id: f"{span.name} ({span.kind})" for span in found} | {"": None}
    return {names[span.id]: names[span.parent] for span in found}


def test_a_boot_is_a_tree():
    request = wire.boot(wire.Wire()).request()
    assert tree(spans.of(request)) == {
        "boot of web-1 (internal)": None,
        "cast build_instances (producer)": "boot of web-1 (internal)",
        "build_instances (consumer)": "cast build_instances (producer)",
        "call select_destinations (client)": "build_instances (consumer)",
        "select_destinations (server)": "call select_destinations (client)",
        "cast build_and_run_instance (producer)": "build_instances (consumer)",
        "build_and_run_instance (consumer)": "cast build_and_run_instance (producer)",
        "call instance_update (client)": "build_and_run_instance (consumer)",
        "instance_update (server)": "call instance_update (client)",
    }


def test_a_span_lasts_as_long_as_its_call():
    found = {span.name: span for span in spans.of(wire.boot(wire.Wire()).request())}
    call, work = found["call select_destinations"], found["select_destinations"]
    assert [round(time - wire.BEGIN, 3) for time in (call.begin, work.begin, work.end, call.end)] == [
        0.01,
        0.011,
        0.03,
        0.031,
    ]


def test_a_failure_is_told_by_caller_server_and_root():
    bus = wire.Wire()
    bus.send(0, wire.call("ping", "minova-api@box", "m1"))
    bus.send(1, wire.reply("m1", failure='{"class": "NoValidHost"}'), "", "reply_1")
    assert [span.error for span in spans.of(bus.request())] == ["NoValidHost"] * 3


def test_a_call_without_an_answer_ends_when_its_caller_gave_up():
    bus = wire.Wire()
    bus.send(0, wire.call("ping", "minova-api@box", "m1"), properties={"expiration": "2000"})
    bus.expire(5)
    call = spans.of(bus.request())[1]
    assert (call.end - wire.BEGIN, call.error) == (2, "timed out: no answer in 2 s")


class Receiver(http.server.ThreadingHTTPServer):
    """A small OTLP receiver: keeps the requests that it can decode."""

    def __init__(self, status=200):
        self.status = status
        self.paths = []
        self.received = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self):
        """[(service, span)] in the order in which they came."""
        return [
            (resource.resource.attributes[-1].value.string_value, span)
            for export in self.received
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.server.received.append(trace_service_pb2.ExportTraceServiceRequest.FromString(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Nobody reads it."""


def boot_events():
    bus = wire.Wire()
    bus.send(0, wire.cast("build_instances", "minova-api@box", REQUEST, instance_uuids=[wire.UUID]))
    bus.send(0.1, wire.call("select_destinations", "minova-conductor@box", "m1", REQUEST), key="scheduler")
    bus.send(0.2, wire.reply("m1"), "", "reply_1")
    return bus.events


def test_a_receiver_gets_the_tree():
    with Receiver() as receiver:
        view = otlp.OtlpView(Filter(), receiver.url)
        view.show(boot_events())
        view.close()
        received = {span.name: (service, span) for service, span in receiver.spans}
    assert receiver.paths[0] == "/v1/traces"
    assert len(received) == 5
    assert {span.trace_id.hex() for _, span in received.values()} == {
        REQUEST.removeprefix("req-").replace("-", "")
    }
    root, call, work = (
        received[name][1] for name in ("boot of 0b5c5d3a", "call select_destinations", "build_instances")
    )
    assert not root.parent_span_id
    assert call.parent_span_id == work.span_id
    assert received["select_destinations"][0] == "minova-scheduler"
    assert received["select_destinations"][1].parent_span_id == call.span_id
    assert {one.key: one.value.string_value for one in call.attributes}["rpc.method"] == "select_destinations"
    assert call.end_time_unix_nano - call.start_time_unix_nano == pytest.approx(101_000_000, abs=1000)


def test_a_request_is_sent_when_it_is_over_and_what_follows_after_that():
    bus = wire.Wire()
    with Receiver() as receiver:
        view = otlp.OtlpView(Filter(), receiver.url)
        view.show(boot_events())
        assert receiver.spans == []
        bus.send(60, wire.cast("later", "minova-api@box", "req-other"))
        view.show(bus.events)
        wait_until(lambda: len(receiver.spans) == 5)
        view.close()
        assert [span.name for _, span in receiver.spans[5:]] == ["later", "cast later", "later"]


def test_half_a_character_is_no_reason_to_send_nothing():
    bus = wire.Wire()
    bus.send(0, wire.cast("\ud800half", "minova-api@\ud800", "req-\ud800", instance_uuids=["\ud800"]))
    with Receiver() as receiver:
        view = otlp.OtlpView(Filter(), receiver.url)
        view.show(bus.events)
        view.close()
    assert len(receiver.spans) == 3


def test_only_what_is_wanted_is_sent():
    with Receiver() as receiver:
        view = otlp.OtlpView(Filter(request="req-other"), receiver.url)
        view.show(boot_events())
        view.close()
    assert receiver.spans == []


def test_a_receiver_that_refuses_is_told_once(capsys):
    with Receiver(status=400) as receiver:
        url = receiver.url.replace("//", "//somebody:secret@")
        view = otlp.OtlpView(Filter(), f"{url}/own/path")
        for seconds, method in ((0, "first"), (60, "second"), (120, "third")):
            bus = wire.Wire()
            bus.send(seconds, wire.cast(method, "minova-api@box", f"req-{method}"))
            view.show(bus.events)
        view.close()
    assert set(receiver.paths) == {"/own/path"}
    assert capsys.readouterr().err.splitlines() == [
        f"minova trace: {url.replace('secret', '***')}/own/path does not take the spans.",
        f"minova trace: {url.replace('secret', '***')}/own/path has not taken 9 spans.",
    ]


def test_a_receiver_that_hangs_holds_up_nobody(capsys, monkeypatch):
    """A live trace stood still for 5 seconds at each request, and so long for each of them at its end."""
    monkeypatch.setattr(otlp, "_TIMEOUT_SECONDS", 1)
    bus = wire.Wire()
    for number in range(20):
        bus.send(60 * number, wire.cast("ping", "minova-api@box", f"req-{number}"))
    # It takes connections, by its backlog, and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        view = otlp.OtlpView(Filter(), f"http://127.0.0.1:{listener.getsockname()[1]}")
        begin = time.monotonic()
        for event in bus.events:
            view.show([event])
        view.close()
    assert time.monotonic() - begin < 10
    assert "has not taken 60 spans." in capsys.readouterr().err


def test_an_exporter_that_raises_holds_up_nobody(capsys, monkeypatch):
    # Older ones do at a timeout; the thread ended, and the trace waited for it for ever once its queue was full.
    def export(_exporter, _batch):
        raise OSError("timed out")

    monkeypatch.setattr(OTLPSpanExporter, "export", export)
    monkeypatch.setattr(otlp, "_WAITING", 2)
    view = otlp.OtlpView(Filter(), "http://127.0.0.1:4318")
    view.show(boot_events())
    view.close()
    assert "does not take the spans." in capsys.readouterr().err


@pytest.mark.parametrize("url", ["", "127.0.0.1:4318", "ftp://x", "http://", "http://[::1", "http://x:99999"])
def test_what_is_no_url_is_told(url):
    with pytest.raises(TraceError, match="is not the URL of an OTLP receiver"):
        otlp.OtlpView(Filter(), url)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    # None in sys.modules makes an import fail, as if it was not installed.
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TraceError, match=r"pip install 'minova\[otlp\]'"):
        otlp.OtlpView(Filter(), "http://127.0.0.1:4318")
