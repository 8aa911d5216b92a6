# SPDX-License-Identifier: Apache-2.0
"""Client of the broker's holds and faults; the other side is minova/broker/management/debugging.py."""

import base64
import http.client
import json
import time
import urllib.parse

from minova.trace import firehose
from minova.up import record, settings

TIMEOUT_SECONDS = 30  # to hold what waits, the broker reads all that waits
_LOOK_SECONDS = 0.05


class DebugError(Exception):
    """It could not be done; the message is a sentence for the user.

    :ivar status: the HTTP status of the broker's refusal; None when it was not asked
    """

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class NoBroker(DebugError):
    """There is no embedded broker, and so there are no rules in it."""


class DebugClient:
    """Holds and faults of one virtual host; documents are those of the API, as dicts."""

    def __init__(self, management_url, transport_url):
        """:param management_url: ends with /api/; user, password and virtual host are the transport URL's"""
        address = firehose.broker_addresses(transport_url)[0]
        self._transport_url = transport_url
        self._url = urllib.parse.urlsplit(management_url)
        self._query = urllib.parse.urlencode({"vhost": address.virtual_host})
        credentials = f"{address.user}:{address.password}".encode()
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
            "Content-Type": "application/json",
        }

    @classmethod
    def of(cls, found):
        """A client for the broker of a record.Record.

        :raises NoBroker: when that is not the embedded one
        """
        if not found.management_url:
            raise _embedded_needed(found.transport_url)
        return cls(found.management_url, found.transport_url)

    def holds(self):
        return self._ask("GET", "holds")

    def add_hold(self, **match):
        """Hold such messages, waiting ones too; return the hold.

        :param match: method, routing_key, exchange, host, server, kinds (a list)
        """
        return self._ask("POST", "holds", match)

    def clear_holds(self, hold_id=None):
        """Return {"cleared": holds, "released": messages}."""
        return self._ask("DELETE", _path("holds", hold_id))

    def held(self):
        """What is held, oldest first."""
        return self._ask("GET", "held")

    def held_message(self, held_id):
        """One held message with `properties`, `payload` and `payload_encoding`."""
        return self._ask("GET", _path("held", held_id))

    def wait_for_held(self, seconds):
        """What is held, once anything is or the time is over."""
        deadline = time.monotonic() + seconds
        while not (found := self.held()) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return found

    def step(self, held_id=None):
        """Let one held message go, the oldest by default; return it."""
        return self._ask("POST", "step", {} if held_id is None else {"id": held_id})

    def faults(self):
        return self._ask("GET", "faults")

    def add_fault(self, **fields):
        """Break such messages; return the fault.

        :param fields: those of add_hold(), and action (drop, delay, duplicate, corrupt), delay_seconds, probability,
            skip, count, expires_seconds, seed
        """
        return self._ask("POST", "faults", fields)

    def clear_faults(self, fault_id=None):
        """Return {"cleared": faults}."""
        return self._ask("DELETE", _path("faults", fault_id))

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self._url.netloc, timeout=TIMEOUT_SECONDS)
        try:
            target = f"{self._url.path}minova/{path}?{self._query}"
            encoded = None if body is None else json.dumps(body).encode()
            connection.request(method, target, encoded, self._headers)
            answer = connection.getresponse()
            return self._read(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as err:
            raise DebugError(
                f"The broker's management API at {self._url.netloc} does not answer ({err}). Is minova up running?"
            ) from err
        finally:
            connection.close()

    def _read(self, status, text):
        try:
            document = json.loads(text)
            reason = str(document["reason"]) if status >= 400 else ""
        except (ValueError, KeyError, TypeError):
            document, reason = None, f"HTTP status {status}"
        if status == 404 and (document or {}).get("error") != "not_found":
            raise _embedded_needed(self._transport_url)  # a management API that has no such paths
        if status == 404:
            raise DebugError(f"{reason[:1].upper()}{reason[1:]}.", status)
        if reason:
            raise DebugError(f"The broker refuses: {reason}.", status)
        return document


def connect(state_path):
    """A client for the broker of the `minova up` on this state path.

    :raises NoBroker: when none runs, or its broker is not the embedded one
    """
    path = settings.state_path(state_path)
    found = record.running(path)
    if found is None:
        raise NoBroker(f"No minova up runs on the state path {path}.")
    return DebugClient.of(found)


def _path(noun, number):
    return noun if number is None else f"{noun}/{number}"


def _embedded_needed(transport_url):
    return NoBroker(
        "Holds and faults on the bus need the embedded broker; this bus is "
        f"{settings.without_password(transport_url)}."
    )
