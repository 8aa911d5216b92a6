# SPDX-License-Identifier: Apache-2.0
"""One request to one API, with a deadline; every way in which it can end is an answer."""

import dataclasses
import http.client
import json
import time
import urllib.parse

# Longer than the API itself takes until it knows that something behind it is away.
TIMEOUT_SECONDS = 30
REFUSED, BROKEN, LATE = "refused", "broken off", "no answer in time"


@dataclasses.dataclass(frozen=True)
class Answer:
    """How a request ended."""

    api: str
    method: str
    path: str
    # The HTTP status, or REFUSED, BROKEN or LATE.
    status: object
    began: float
    ended: float
    body: dict = dataclasses.field(default_factory=dict)
    request_id: str = ""
    retry_after: str = ""

    @property
    def ok(self):
        return self.status in (200, 202, 204)

    @property
    def given(self):
        """Whether the API answered at all."""
        return isinstance(self.status, int)


def ask(api, url, method, path, body=None, timeout_seconds=TIMEOUT_SECONDS):
    """Send one request on a connection of its own.

    :param api: the service behind ``url``, for the Answer.
    """
    began = time.monotonic()
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=timeout_seconds)
    try:
        status, headers, text = _exchange(connection, method, path, body)
    except ConnectionRefusedError:
        status, headers, text = REFUSED, {}, b""
    except TimeoutError:
        status, headers, text = LATE, {}, b""
    except (OSError, http.client.HTTPException):
        status, headers, text = BROKEN, {}, b""
    finally:
        connection.close()
    return Answer(
        api,
        method,
        path,
        status,
        began,
        time.monotonic(),
        _decoded(text),
        headers.get("x-openstack-request-id", ""),
        headers.get("Retry-After", ""),
    )


def _exchange(connection, method, path, body):
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Connection": "close"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def _decoded(text):
    try:
        decoded = json.loads(text) if text else {}
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
