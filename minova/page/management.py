# SPDX-License-Identifier: Apache-2.0
"""Client of the broker's management API, of which the embedded broker and RabbitMQ have the same."""

import base64
import http.client
import json
import urllib.parse

_TIMEOUT_SECONDS = 5


class ManagementError(Exception):
    """The management API cannot be used; the message says why.

    :param status: of its answer, None when there was none.
    """

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class Management:
    """One virtual host of one broker.

    :param address: a firehose.BrokerAddress: its user and password are used here, too.
    """

    def __init__(self, url, address, timeout_seconds=_TIMEOUT_SECONDS):
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self.address = address
        self._parts = urllib.parse.urlsplit(self.url)
        self._vhost = urllib.parse.quote(address.virtual_host, safe="")
        credentials = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}

    def overview(self):
        return self._get("/api/overview")

    def nodes(self):
        return self._get("/api/nodes")

    def exchanges(self):
        return self._get(f"/api/exchanges/{self._vhost}")

    def queues(self):
        return self._get(f"/api/queues/{self._vhost}")

    def bindings(self):
        return self._get(f"/api/bindings/{self._vhost}")

    def consumers(self):
        return self._get(f"/api/consumers/{self._vhost}")

    def connections(self):
        return [row for row in self._get("/api/connections") if row.get("vhost") == self.address.virtual_host]

    def held(self):
        """What the debugger of the embedded broker holds; [] where there is no debugger."""
        try:
            return self._get(f"/api/minova/held?vhost={self._vhost}")
        except ManagementError as error:
            if error.status is None:
                raise
            return []

    def _get(self, path):
        return self._ask("GET", path)

    def _ask(self, method, path, body=None):
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=self._timeout_seconds)
        try:
            encoded = None if body is None else json.dumps(body)
            connection.request(method, self._parts.path + path, encoded, self._headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise ManagementError(f"{self.url} answers {answer.status} {answer.reason}", answer.status)
            return json.loads(text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ManagementError(
                f"{self.url} does not answer ({str(error) or type(error).__name__})"
            ) from error
        finally:
            connection.close()
