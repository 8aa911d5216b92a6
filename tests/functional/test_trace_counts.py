# SPDX-License-Identifier: Apache-2.0
"""The trace shows exactly the messages of the wire, in their order: an independent consumer counts them too."""

import threading
import urllib.parse

import pytest

from minova.db import default_data
from minova.trace import firehose as trace_firehose
from minova.trace import store as trace_store
from tests import firehose, tracing
from tests.cloud import Cloud

NETWORKS = [{"uuid": default_data.fixed_id("network", "private")}]
BOOT = [
    ("cast", "build_instances"),
    ("call", "select_destinations"),
    ("reply", "select_destinations"),
    ("cast", "build_and_run_instance"),
    ("call", "allocate_for_instance"),
    ("reply", "allocate_for_instance"),
    ("call", "instance_update"),
    ("reply", "instance_update"),
    ("call", "instance_update"),
    ("reply", "instance_update"),
]
DELETE = [
    ("cast", "terminate_instance"),
    ("call", "instance_update"),
    ("reply", "instance_update"),
    ("cast", "deallocate_for_instance"),
    ("call", "instance_destroy"),
    ("reply", "instance_destroy"),
]


@pytest.fixture(scope="module", params=["embedded", "rabbitmq"])
def cloud(request, tmp_path_factory):
    url = None
    if request.param == "rabbitmq":
        url = request.getfixturevalue("rabbitmq_url")
        tracing.control("trace_on", url)
    with Cloud(tmp_path_factory.mktemp("cloud"), url) as cloud:
        cloud.start_all("--hosts", "2")
        yield cloud


class Trace:
    """A Firehose that is read into a Store; a context."""

    def __init__(self, url):
        self.store = trace_store.Store()
        self.events = []
        self._firehose = trace_firehose.Firehose(url)
        self._reader = threading.Thread(target=self._read)

    def __enter__(self):
        self._firehose.__enter__()
        self._reader.start()
        return self

    def __exit__(self, *error):
        self._firehose.stop()
        self._reader.join()
        self._firehose.__exit__(*error)

    def unique_ids(self):
        return [event.message.unique_id for event in self.events if event.what == "published"]

    def _read(self):
        for event in self._firehose.events():
            if event:
                self.events.append(event)
                self.store.add(event)


@pytest.fixture
def independent(cloud):
    port = urllib.parse.urlsplit(cloud.transport_url).port
    consumer = firehose.Firehose(port, tracing.virtual_host(cloud.transport_url))
    yield consumer
    consumer.close()


def without_keys(messages):
    return [(kind, method) for kind, _key, method in messages]


def test_number_and_order_are_those_of_an_independent_consumer(cloud, independent):
    with Trace(cloud.transport_url) as trace:
        uuid = cloud.boot(networks=NETWORKS)
        cloud.wait_for_status(uuid, "ACTIVE")
        cloud.request("DELETE", f"/v2.1/servers/{uuid}")
        cloud.wait_until_gone(uuid)
        boot_id, delete_id = (independent.request_of(first[0][1], 20) for first in (BOOT, DELETE))
        counted = [independent.messages(boot_id, len(BOOT)), independent.messages(delete_id, len(DELETE))]
        cloud.wait_for(
            lambda: len(told(trace, delete_id)) == len(DELETE),
            lambda: f"the delete: {told(trace, delete_id)}",
            30,
        )
    assert [without_keys(messages) for messages in counted] == [BOOT, DELETE]
    assert [told(trace, boot_id), told(trace, delete_id)] == counted
    assert sorted(between(trace, trace.unique_ids())) == sorted(between(trace, independent.unique_ids()))
    assert all(len(message.delivered) == len(message.queues) for message in of(trace, boot_id))


def of(trace, request_id):
    request = trace.store.request(request_id)
    return request.messages if request else []


def told(trace, request_id):
    """The messages of a request as the independent consumer names them."""
    return [
        (message.kind, "" if message.kind == "reply" else message.routing_key, message.method)
        for message in of(trace, request_id)
    ]


def between(trace, unique_ids):
    """The ids from the first message that the trace has told to the last: neither began earlier than it."""
    told_ids = trace.unique_ids()
    return unique_ids[unique_ids.index(told_ids[0]) : unique_ids.index(told_ids[-1]) + 1]
