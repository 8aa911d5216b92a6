# SPDX-License-Identifier: Apache-2.0
"""Servers, hosts and what one may boot, through the Compute API as any client of it."""

import urllib.parse

from minova.page.errors import PageError
from minova.up.api_client import ApiError

ACTIONS = {
    "reboot": {"reboot": {"type": "SOFT"}},
    "stop": {"os-stop": None},
    "start": {"os-start": None},
    "evacuate": {"evacuate": {"onSharedStorage": False}},
}
# Newest first; a page with more rows than this is of no use to anybody.
MOST_SERVERS = 500
MOST_HOSTS = 1000


class Cloud:
    """What the Compute API tells; all methods raise PageError when it refuses (its 4xx) or is away (503)."""

    def __init__(self, api):
        """:param api: an api_client.ApiClient"""
        self._api = api

    @property
    def url(self):
        return self._api.url

    def servers(self):
        """Newest first."""
        rows = self._send("GET", f"/servers/detail?all_tenants=1&limit={MOST_SERVERS}")[1]["servers"]
        return [_server(row) for row in rows]

    def failed_requests(self, server_id):
        """{request id: why} of what was asked of a server and failed, oldest first."""
        actions = self._send("GET", f"/servers/{_quoted(server_id)}/os-instance-actions")[1][
            "instanceActions"
        ]
        return {row["request_id"]: row["message"] for row in reversed(actions) if row["message"]}

    def hosts(self):
        services = self._send("GET", "/os-services?binary=minova-compute")[1]["services"]
        reported = {row["host"]: row.get("updated_at") for row in services}
        rows = self._send("GET", f"/os-hypervisors/detail?limit={MOST_HOSTS}")[1]["hypervisors"]
        return [_host(row, reported) for row in rows]

    def services(self):
        """Rows of the services' own reports, as the API gives them."""
        return self._send("GET", "/os-services")[1]["services"]

    def choices(self):
        """Flavors and images, of which one may boot."""
        flavors = self._send("GET", "/flavors/detail")[1]["flavors"]
        images = self._send("GET", "/images")[1]["images"]
        return {
            "flavors": [
                {name: row[name] for name in ("id", "name", "vcpus", "ram", "disk")} for row in flavors
            ],
            "images": [{name: row[name] for name in ("id", "name")} for row in images],
        }

    def boot(self, server):
        """(id of the server, request id); ``server`` is the body of POST /servers."""
        headers, answer = self._send("POST", "/servers", {"server": server})
        return answer["server"]["id"], _request_id(headers)

    def delete(self, server_id):
        """The request id."""
        return _request_id(self._send("DELETE", f"/servers/{_quoted(server_id)}")[0])

    def act(self, server_id, action):
        """The request id; ``action`` is one of ACTIONS."""
        return _request_id(self._send("POST", f"/servers/{_quoted(server_id)}/action", ACTIONS[action])[0])

    def _send(self, method, path, body=None):
        try:
            return self._api.send(method, path, body)
        except ApiError as error:
            if error.status is not None and 400 <= error.status < 500:
                raise PageError(error.status, error.reason) from error
            raise PageError(503, f"The Compute API does not help: {error.reason or error}") from error


def _server(row):
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "vm_state": row.get("OS-EXT-STS:vm_state"),
        "task_state": row.get("OS-EXT-STS:task_state"),
        "host": row.get("OS-EXT-SRV-ATTR:host"),
        "flavor": row["flavor"].get("id"),
        "image": row["image"]["id"] if row["image"] else None,
        "addresses": [address["addr"] for label in row["addresses"].values() for address in label],
        "metadata": row["metadata"],
        "created": row["created"],
        "updated": row["updated"],
        "fault": (row.get("fault") or {}).get("message"),
    }


def _host(row, reported):
    names = (
        "state",
        "status",
        "vcpus",
        "vcpus_used",
        "memory_mb",
        "memory_mb_used",
        "local_gb",
        "local_gb_used",
    )
    return {
        "host": row["service"]["host"],
        **{name: row[name] for name in names},
        "running_vms": row["running_vms"],
        "reported_at": reported.get(row["service"]["host"]),
    }


def _request_id(headers):
    return headers.get("x-openstack-request-id", "")


def _quoted(server_id):
    return urllib.parse.quote(server_id, safe="")
