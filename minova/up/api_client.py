# SPDX-License-Identifier: Apache-2.0
"""The few requests that `minova up`, `status` and `demo` send to the API."""

import http.client
import json
import urllib.parse


class ApiError(Exception):
    """The API did not answer, or not with what was asked for.

    :param status: the HTTP status of an answer that is no success, None when there was no answer.
    :param reason: what the API said, as one sentence, "" when there was no answer.
    """

    def __init__(self, message, status=None, reason=""):
        super().__init__(message)
        self.status = status
        self.reason = reason


class ApiClient:
    """Plain HTTP to one API."""

    def __init__(self, url, timeout_seconds=2):
        self.url = url
        self._netloc = urllib.parse.urlsplit(url).netloc
        self._timeout_seconds = timeout_seconds

    def get(self, path):
        """The decoded body of a GET.

        :raises ApiError: when there is no answer, or one that is not a 2xx with JSON.
        """
        return self.send("GET", path)[1]

    def send(self, method, path, body=None):
        """(headers, decoded body) of a request; see get()."""
        connection = http.client.HTTPConnection(self._netloc, timeout=self._timeout_seconds)
        try:
            return self._exchange(connection, method, path, body)
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise ApiError(f"{method} {self.url}{path}: {str(err) or type(err).__name__}") from err
        finally:
            connection.close()

    def _exchange(self, connection, method, path, body):
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        # 300 Multiple Choices is how the list of versions may be answered.
        if not 200 <= answer.status <= 300:
            said = text[:300].decode(errors="replace")
            raise ApiError(f"{method} {self.url}{path}: {answer.status} {said}", answer.status, _reason(text))
        return answer.headers, json.loads(text) if text else None


def _reason(body):
    """The sentence of a fault."""
    try:
        (fault,) = json.loads(body).values()
        return str(fault["message"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return body[:300].decode(errors="replace")
