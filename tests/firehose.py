# SPDX-License-Identifier: Apache-2.0
"""Counts what goes over the wire: a consumer of the broker's firehose that knows nothing of minova/trace."""

import json
import time

import amqp


class Firehose:
    """Records every publication from its making on; works on the embedded broker as it is."""

    def __init__(self, port, virtual_host="/"):
        self._connection = amqp.Connection(
            f"127.0.0.1:{port}", userid="guest", password="guest", virtual_host=virtual_host
        )
        self._connection.connect()
        self._channel = self._connection.channel()
        self._queue = self._channel.queue_declare(exclusive=True).queue
        self._channel.queue_bind(self._queue, "amq.rabbitmq.trace", "publish.#")
        self._received = []

    def messages(self, request_id, count, timeout_seconds=10):
        """The (kind, routing key, method) of a request's messages; waits until there are ``count``.

        Replies carry no request id: they are known by the calls that they answer.
        """
        deadline = time.monotonic() + timeout_seconds
        while len(self._of_request(request_id)) < count and time.monotonic() < deadline:
            self._drain()
        # One look more, for a message too many.
        self._drain()
        return self._of_request(request_id)

    def request_of(self, method, timeout_seconds=10):
        """The request id of the first message of this method; waits until there is one."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            for _exchange, _key, body in self._received:
                if body.get("method") == method:
                    return body["_context_request_id"]
            self._drain()
        raise AssertionError(f"no message of {method} in {timeout_seconds} s")

    def unique_ids(self):
        """Of all messages so far, in their order."""
        self._drain()
        return [body["_unique_id"] for _exchange, _key, body in self._received]

    def close(self):
        self._connection.close()

    def _drain(self):
        while message := self._channel.basic_get(self._queue, no_ack=True):
            headers = message.headers
            body = json.loads(json.loads(message.body)["oslo.message"])
            self._received.append((headers["exchange_name"], headers["routing_keys"][0], body))
        time.sleep(0.05)

    def _of_request(self, request_id):
        calls = {
            body["_msg_id"]: body["method"]
            for _exchange, _key, body in self._received
            if body.get("_context_request_id") == request_id and body.get("_msg_id")
        }
        found = []
        for exchange, key, body in self._received:
            if body.get("_context_request_id") == request_id:
                fanout = exchange.endswith("_fanout")
                kind = "call" if body.get("_msg_id") else "fanout" if fanout else "cast"
                found.append((kind, key, body["method"]))
            elif "method" not in body and body.get("_msg_id") in calls:
                found.append(("reply", "", calls[body["_msg_id"]]))
        return found
