# SPDX-License-Identifier: Apache-2.0
"""A small boot as it stands on the wire, for tests of what reads and draws it."""

import json

from minova.trace.store import Store
from minova.trace.tracker import Tracker

UUID = "0b5c5d3a-1f6f-4a55-9f0e-2f6a1f9f4f11"
REQUEST = "req-1"
INSTANCE = {
    "minova_object.name": "Instance",
    "minova_object.namespace": "minova",
    "minova_object.version": "1.0",
    "minova_object.data": {"uuid": UUID, "display_name": "web-1"},
}
BEGIN = 1000.0


class Wire:
    """Makes events of what is sent; `events` are all so far, `store` knows them."""

    def __init__(self):
        self.tracker = Tracker()
        self.store = Store()
        self.events = []

    def request(self):
        return self.store.request(REQUEST)

    def send(self, seconds, content, exchange="minova", key="conductor", **publish):
        """Publish, and have it delivered a millisecond later; returns the bytes."""
        body = self.publish(seconds, content, exchange, key, **publish)
        self.deliver(seconds + 0.001, body, key)
        return body

    def publish(
        self,
        seconds,
        content,
        exchange="minova",
        key="conductor",
        queues=None,
        properties=None,
        connection="",
    ):
        body = envelope(content)
        queues = [key] if queues is None else queues
        self.take(
            self.tracker.published(body, exchange, key, BEGIN + seconds, queues, properties, connection)
        )
        return body

    def deliver(self, seconds, body, queue, connection=""):
        self.take(self.tracker.delivered(body, queue, BEGIN + seconds, connection))

    def note(self, seconds, body, what, queue):
        self.take(self.tracker.noted(body, what, queue, BEGIN + seconds))

    def expire(self, seconds):
        self.take(self.tracker.expired(BEGIN + seconds))

    def take(self, events):
        self.events += events
        for event in events:
            self.store.add(event)


def envelope(content):
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(content)}).encode()


def cast(method, sender, request=REQUEST, number="", **arguments):
    return {
        "method": method,
        "args": arguments,
        "version": "1.0",
        "_unique_id": f"u-{method}-{request}-{number}",
        "_context_sender": sender,
        "_context_request_id": request,
    }


def call(method, sender, msg_id, request=REQUEST, **arguments):
    return {**cast(method, sender, request, msg_id, **arguments), "_msg_id": msg_id, "_reply_q": "reply_1"}


def reply(msg_id, ending=True, number="", **content):
    return {
        "result": None,
        "failure": None,
        "ending": ending,
        "_msg_id": msg_id,
        "_unique_id": f"r-{msg_id}-{number}",
        **content,
    }


def boot(wire):
    """api -> conductor -> scheduler -> compute.host1 -> conductor, in 1.2 seconds."""
    wire.send(0, cast("build_instances", "minova-api@box", instance_uuids=[UUID]))
    wire.send(0.01, call("select_destinations", "minova-conductor@box", "m1"), key="scheduler")
    wire.send(0.03, reply("m1", result=["host1"]), "", "reply_1")
    wire.send(
        0.04, cast("build_and_run_instance", "minova-conductor@box", instance=INSTANCE), key="compute.host1"
    )
    wire.send(1.1, call("instance_update", "minova-compute@host1", "m2", instance_uuid=UUID))
    wire.send(1.2, reply("m2"), "", "reply_1")
    return wire
