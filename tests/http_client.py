# SPDX-License-Identifier: Apache-2.0
"""Plain requests to what listens on the loopback, each on a connection of its own."""

import base64
import contextlib
import dataclasses
import http.client
import json


@dataclasses.dataclass(frozen=True)
class Answer:
    """``headers`` is read without regard to case."""

    status: int
    headers: object
    payload: bytes

    @property
    def document(self):
        """The decoded body; None where there is none."""
        return json.loads(self.payload) if self.payload else None


def ask(port, method, path, body=None, headers=(), timeout_seconds=30):
    """The Answer to a request; a body that is not bytes is sent as JSON.

    :raises OSError, http.client.HTTPException: when there is none.
    """
    payload = body if body is None or isinstance(body, bytes) else json.dumps(body)
    all_headers = {"Content-Type": "application/json", **dict(headers)}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    with contextlib.closing(connection):
        connection.request(method, path, payload, all_headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def get_management(port, path):
    """What the management API of a broker says to guest."""
    credentials = base64.b64encode(b"guest:guest").decode()
    answer = ask(port, "GET", f"/api/{path}", headers={"Authorization": f"Basic {credentials}"})
    assert answer.status == 200, answer
    return answer.document
