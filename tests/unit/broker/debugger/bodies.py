# SPDX-License-Identifier: Apache-2.0
"""Messages as oslo.messaging makes them, for tests of what reads them."""

import json

from minova.broker.message import Message
from minova.broker.properties import Properties

UUID = "5b802c3a-696c-487d-b453-99fd0df5e0dd"


def body(**content):
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(content)}).encode()


def request(method="build_and_run_instance", *, key="compute.host1", exchange="minova", **content):
    """A cast, or with `_msg_id` a call."""
    content = {"method": method, "args": {}, "_context_sender": "minova-conductor@vm"} | content
    return message(body(**content), key, exchange)


def reply(msg_id, *, key="reply_1", ending=True):
    return message(body(result=None, failure=None, ending=ending, _msg_id=msg_id), key, "")


def message(encoded, key="compute.host1", exchange="minova", **properties):
    return Message(exchange, key, b"", b"\0\x3c" + bytes(12), encoded, Properties(**properties))


def instance(uuid=UUID, name="web-1"):
    """A serialised Instance, as it stands in a request's arguments."""
    data = {"uuid": uuid, "display_name": name, "vm_state": "building"}
    return {"minova_object.name": "Instance", "minova_object.data": data}
