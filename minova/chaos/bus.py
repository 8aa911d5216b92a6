# SPDX-License-Identifier: Apache-2.0
"""How much the embedded broker of a storm holds, by its management API; see foreign.py for a RabbitMQ."""

import base64
import http.client
import json
import os

from minova.up import settings

_TIMEOUT_SECONDS = 5
_CREDENTIALS = base64.b64encode(b"guest:guest").decode()


class EmbeddedBroker:
    """The broker of the `minova up` of a state path."""

    def __init__(self, state_path):
        self._config_path = os.path.join(state_path, settings.GENERATED_CONFIG)

    def counts(self):
        """{what: how many}; empty while the broker does not answer."""
        try:
            overview = self._get("/api/overview")
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        totals = overview["object_totals"]
        return {
            "connections": totals["connections"],
            "queues": totals["queues"],
            "messages": overview["queue_totals"]["messages"],
        }

    def _get(self, path):
        given = settings.read_config_files([self._config_path])
        host = settings.reachable(given.get("broker", "listen"))
        netloc = f"{host}:{given.get('broker', 'management_port')}"
        connection = http.client.HTTPConnection(netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path, headers={"Authorization": f"Basic {_CREDENTIALS}"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
